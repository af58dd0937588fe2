import { type GivenOption, wrongValue } from './option.js';

const TRUE_WORDS = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE_WORDS = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** @throws AgentError DOCKER_ARGUMENT, as every reader here does */
export function readFlag(given: GivenOption): boolean {
  const read = flagWord(given.value);
  if (read === undefined) throw wrongValue(given, 'true or false');
  return read;
}

/** The words that Docker takes for a truth value. */
export function flagWord(text: string): boolean | undefined {
  if (TRUE_WORDS.includes(text)) return true;
  return FALSE_WORDS.includes(text) ? false : undefined;
}

/** Decimal, `0x` and leading-zero octal numbers, as Docker reads them. */
export function readInteger(given: GivenOption): number {
  const match = /^([+-]?)(0[xX][\da-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9]\d*)$/.exec(given.value);
  const digits = match?.[2];
  if (digits === undefined) throw wrongValue(given, 'a whole number');
  const octal = /^0[oO]?([0-7]+)$/.exec(digits)?.[1];
  const size = octal === undefined ? Number(digits) : Number.parseInt(octal, 8);
  return match?.[1] === '-' ? -size : size;
}

export function readUnsigned(given: GivenOption): number {
  const value = readInteger(given);
  if (value < 0) throw wrongValue(given, 'a whole number from 0 on');
  return value;
}

/** A size such as `512m`, `1.5g`, `100MB`, in bytes. */
export function readBytes(given: GivenOption): number {
  const size = byteSize(given.value);
  if (size === undefined) throw wrongValue(given, 'a size such as 512m or 2g');
  return size;
}

/** Like a size, or -1 for no limit. */
export function readBytesOrUnlimited(given: GivenOption): number {
  return given.value === '-1' ? -1 : readBytes(given);
}

export function byteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = match[2] === '' ? 0 : 'kmgtp'.indexOf((match[2] ?? '').toLowerCase()) + 1;
  return Math.trunc(Number(match[1]) * 1024 ** power);
}

/** A number of CPUs with at most nine decimals, in billionths. */
export function readNanoCpus(given: GivenOption): number {
  const match = /^(\d*)(?:\.(\d{0,9}))?$/.exec(given.value);
  if (match === null || !/\d/.test(given.value)) throw wrongValue(given, 'a number of CPUs such as 1.5');
  return Number(match[1] || '0') * 1e9 + Number((match[2] ?? '').padEnd(9, '0'));
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A time such as `1m30s`, in nanoseconds. */
export function readDuration(given: GivenOption): number {
  if (given.value === '0') return 0;
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(given.value)) {
    throw wrongValue(given, 'a time such as 30s or 1m30s');
  }
  const parts = given.value.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g);
  return [...parts].reduce(
    (sum, [, count, unit]) => sum + Math.round(Number(count) * (NANOSECONDS[unit ?? ''] ?? 0)),
    0,
  );
}

/** `name` and `value` of `name=value`; no `=` gives an empty value. */
export function keyAndValue(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Fields of one line of comma-separated values; a field may stand in double quotes, doubled inside.
 *
 * @returns `undefined` when a quote is left open or stands inside a bare field
 */
export function csvFields(line: string): string[] | undefined {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return undefined;
    fields.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === '') return fields;
  }
}
