import { describe, expect, test } from 'vitest';
import { probableEncoding } from './probable-encoding.js';

describe('probableEncoding', () => {
  // Encoded by Python: text.encode('cp932'), 'big5', 'gbk', 'cp1252', 'cp1251', 'koi8-r', 'cp866', 'tis-620', 'cp1250',
  // 'iso8859-7', 'cp1256'.
  test.each([
    [
      'Shift-JIS',
      'a Japanese sentence',
      '8ce1947982cd944c82c582a082e9814296bc914f82cd82dc82be96b382a28142' +
        '82c782b182c590b682ea82bd82a982c682f182c68ca9939682aa82c282a982ca8142',
    ],
    [
      'Shift-JIS',
      'a table with Japanese names',
      '93fa95742c94848fe32c935895dc0a323032342d30312d30312c3132302c938c8b9e0a323032342d30312d30322c3133302c91e58de382cc83668370815b83670a',
    ],
    [
      'Big5',
      'a sentence in traditional characters',
      'a4d1a661a5c8b6c0a141a674a97aac78afeea143a4e9a4ebacd5cccaa141a8b0b14aa643b169a143',
    ],
    [
      'Big5',
      'a table with traditional characters',
      'a4e9b4c12cbe50b0e2c3422ca9b1a6570a323032342d30312d30312c3132302ca578a55f0a323032342d30312d30322c3133302cb0aab6af0a',
    ],
    [
      'GB18030',
      'a sentence in simplified characters',
      'ccecb5d8d0febbc6a3acd3eed6e6bae9bbc4a1a3c8d5d4c2d3afeabea3acb3bdcbdec1d0d5c5a1a3',
    ],
    [
      'GB18030',
      'a table with simplified characters',
      'c8d5c6da2ccffacadbb6ee2cb5eac3fb0a323032342d30312d30312c3132302cb1b1bea90a',
    ],
    [
      'one-byte',
      'German',
      'c47066656c2c20dc6265726d757420756e64204772f6df653a20736368f66e65204772fcdf652c2066fc6e662053747261df656e',
    ],
    [
      'Windows-1251',
      'Russian of Windows',
      'cceee920e4ffe4ff20f1e0ecfbf520f7e5f1f2edfbf520eff0e0e2e8eb2c20eaeee3e4e020ede520e220f8f3f2eaf320e7e0ede5eceee3',
    ],
    [
      'Windows-1251',
      'Ukrainian of Windows',
      'd0e5e2e520f2e020f1f2eee3ede520c4edb3eff020f8e8f0eeeae8e92c20f1e5f0e4e8f2e8e920e2b3f2e5f020e7e0e2e8e2e0',
    ],
    [
      'KOI8-R',
      'Russian of Unix',
      'edcfca20c4d1c4d120d3c1cdd9c820dec5d3d4ced9c820d0d2c1d7c9cc2c20cbcfc7c4c120cec520d720dbd5d4cbd520dac1cec5cdcfc7',
    ],
    [
      'one-byte',
      'Russian of DOS',
      '8c8e8920849f849f2091808c9b9520978591928d9b95208f908082888b2c20aaaea3a4a020ada520a220e8e3e2aae320a7a0ada5acaea3',
    ],
    [
      'one-byte',
      'Thai',
      'cac7d1cab4d5a4c3d1ba20bcc1aad7e8cdcac1aad2c220e1c5d0b9d5e8a4d7cda2e9cda4c7d2c1c0d2c9d2e4b7c2',
    ],
    [
      'one-byte',
      'Polish and Czech',
      '50f8ed6c699a209e6c759d6f75e86bfd206bf9f220fa70ec6c20efe162656c736be920f364792c207a61bff3b3e62067ea9c6cb9206a619ff1',
    ],
    ['one-byte', 'Greek', 'ccdeede9ed20dce5e9e4e520e8e5dc20d0e7ebe7e9dce4e5f920c1f7e9ebdeeff2'],
    ['one-byte', 'Arabic', 'dded20c7e1c8cfc120cee1de20c7e1e1e520c7e1d3e3e6c7ca20e6c7e1c3d1d6'],
  ])('sees %s in %s', (title, _, hex) => {
    expect(probableEncoding(Uint8Array.from(Buffer.from(hex, 'hex')))?.title).toContain(title);
  });

  test('sees none in a few stray bytes of binary data', () => {
    expect(probableEncoding(Uint8Array.of(1, 2, 3, 0x82, 0xa0, 4, 0xff, 0))).toBeUndefined();
  });
});
