/** A name as Keras writes it in paths: `SimpleRNN` is `simple_rnn`, `recurrentKernel` is `recurrent_kernel`. */
export function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
