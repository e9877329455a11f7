import { WrongUsage } from '../wrong-usage.js';

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Bytes of a size as people write it: `200kB`, `1.5 MB`, `64KiB`, `1000`. @throws WrongUsage */
export function bytesOfSize(where: string, text: string): number {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = unit === '' ? 1 : units[unit?.toLowerCase()];
  if (number !== undefined && factor !== undefined && Number(number) * factor >= 1)
    return Math.floor(Number(number) * factor);
  throw new WrongUsage({
    where,
    what: `--budget ${text} is no size.`,
    expected: 'a number with B, kB, MB, GB, KiB, MiB or GiB',
    received: text,
    fix: 'write it like 200kB or 1.5MB.',
  });
}
