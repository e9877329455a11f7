type Given<Value> = Exclude<Value, undefined>;

/** Options that all have a value: given, or the default. `Required` would leave `undefined` in those that accept it. */
export type Resolved<Options> = { [Name in keyof Options]-?: Given<Options[Name]> };

/** The options that have a value: one given as undefined counts as not given, and hides no default. */
export function givenOptions<Options extends object>(
  options: Options,
): { [Name in keyof Options]: Given<Options[Name]> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Name in keyof Options]: Given<Options[Name]> };
}
