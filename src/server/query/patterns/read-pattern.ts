import { ApiError } from '../../api-error.js';

/** A pattern in the syntax that RE2 and JavaScript share, translated from Python's. */
export interface ReadPattern {
  source: string;
  /** Of `i`, `m` and `s`. */
  flags: string;
}

/** Leading inline flags of Python, as in `(?i)name`; the database of the released server takes them after `^`, too. */
const INLINE_FLAGS = /^(\^?)\(\?([aimsux]+)\)/;

/** Bytes of a pattern, at most: the database of the released server (PCRE) has the same limit. */
const MAX_BYTES = 32_764;

/**
 * Reads a Python regular expression, searched anywhere. Leading inline flags become flags.
 *
 * @throws ApiError 400/21 when it is too long
 */
export function readPattern(pattern: string, ignoreCase = false): ReadPattern {
  if (pattern.length > MAX_BYTES || Buffer.byteLength(pattern) > MAX_BYTES)
    throw invalidPattern(pattern, `longer than ${MAX_BYTES} bytes`);
  const inline = INLINE_FLAGS.exec(pattern);
  const flags = new Set([...(inline?.[2] ?? '')].filter((flag) => 'ims'.includes(flag)));
  if (ignoreCase) flags.add('i');
  const source = (inline?.[1] ?? '') + pattern.slice(inline?.[0].length ?? 0);
  return { source, flags: [...flags].join('') };
}

/** Python's `(?P<name>`, `\A` and `\Z` as JavaScript has them. */
export function forJavaScript({ source, flags }: ReadPattern): ReadPattern {
  const translated = source
    .replaceAll('(?P<', '(?<')
    .replaceAll(/(?<!\\)((?:\\\\)*)\\A/g, '$1(?<![\\s\\S])')
    .replaceAll(/(?<!\\)((?:\\\\)*)\\Z/g, '$1(?![\\s\\S])');
  return { source: translated, flags };
}

/** Python's `\Z` as RE2 has it. */
export function forRe2({ source, flags }: ReadPattern): ReadPattern {
  return { source: source.replaceAll(/(?<!\\)((?:\\\\)*)\\Z/g, '$1\\z'), flags };
}

export function invalidPattern(pattern: string, reason: string): ApiError {
  return new ApiError('invalid_regex_error', { pattern: cut(pattern) }, cut(reason));
}

/** Patterns may be as long as a request. */
function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
