import { expect, it } from 'vitest';
import { messageAfter } from '../../../../test/support/message-after.js';
import { ProtobufWriter } from './protobuf-writer.js';

it('a message of more bytes than readers take is not written', async () => {
  const message = new ProtobufWriter().bytes(1, new Uint8Array(10));
  expect(message.finish('writeOnnx', 12)).toHaveLength(12);
  expect(await messageAfter(() => message.finish('writeOnnx', 11))).toMatchInlineSnapshot(`
    "[OUT_OF_RANGE] writeOnnx: the model is too large for one file of protobuf.
      expected: at most 11 bytes
      received: 12 bytes
      fix: write a smaller model: with weights of 8 bits (rondo compress --int8), or narrower layers."
  `);
});
