/** @internal The form in which a word is looked up. */
export function lookUpForm(
  word: string,
  { lower, digits }: { readonly lower: boolean; readonly digits: boolean },
): string {
  const cased = lower ? word.toLowerCase() : word;
  return digits ? cased.replace(/\p{Nd}/gu, '0') : cased;
}
