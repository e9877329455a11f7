import { isObject, objectWith } from '../../data/saved-fields.js';
import { TokenizerCodec, type TokenizerLibrary } from '../../data/tokens/tokenizer-codec.js';
import { RondoError } from '../../errors.js';
import type { Json } from '../../layers/layer.js';
import { parseBoundedJson } from '../bounded-json.js';
import { readText } from '../data-files.js';
import { boundedLibrary } from './bounded-tokenizer.js';

/**
 * Reads the `tokenizer.json` of a Hugging Face model. It needs the npm package `@huggingface/tokenizers`, which is
 * loaded here and nowhere else. In a page, give its tokenizer to {@link TokenizerCodec} instead.
 *
 * @throws FILE_ACCESS, DATA_FORMAT; FILE_FORMAT where the file is no tokenizer; BACKEND_UNAVAILABLE without the package
 */
export async function loadTokenizer(
  path: string,
  load: () => Promise<TokenizerLibrary> = tokenizerLibrary,
): Promise<TokenizerCodec> {
  const text = await readText(path);
  const json = parseBoundedJson(text, path, 'the tokenizer');
  if (!objectWith({ model: isObject })(json)) throw notATokenizer(path, text.slice(0, 80));
  const library = await load();
  try {
    return TokenizerCodec.from(json as { [key: string]: Json }, library, path);
  } catch (cause) {
    if (cause instanceof RondoError) throw cause;
    throw notATokenizer(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The optional package, loaded on use. @throws BACKEND_UNAVAILABLE */
export async function tokenizerLibrary(
  importPackage: () => Promise<unknown> = () => import('@huggingface/tokenizers'),
): Promise<TokenizerLibrary> {
  try {
    return boundedLibrary((await importPackage()) as TokenizerLibrary);
  } catch (cause) {
    throw new RondoError('BACKEND_UNAVAILABLE', {
      where: 'loadTokenizer',
      what: 'the npm package @huggingface/tokenizers is not installed, or does not load.',
      expected: 'the package beside rondo',
      received: cause instanceof Error ? cause.message.split('\n')[0] : String(cause),
      fix: 'run: npm install @huggingface/tokenizers',
      cause,
    });
  }
}

function notATokenizer(where: string, received: string, cause?: unknown): RondoError {
  return new RondoError('FILE_FORMAT', {
    where,
    what: 'this is no tokenizer.',
    expected: 'a tokenizer.json with a `model`',
    received,
    fix: 'give the tokenizer.json that comes with a model (not tokenizer_config.json).',
    cause,
  });
}
