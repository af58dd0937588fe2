import { ApiError } from '../api-error.js';

/** Leading inline flags of Python, as in `(?i)name`. */
const INLINE_FLAGS = /^\(\?([aimsux]+)\)/;

/**
 * A Python regular expression as a JavaScript one, searched anywhere. Clients escape as Python does (a
 * backslash before blanks and dashes too), which JavaScript takes as long as the `u` flag is not set.
 *
 * @throws ApiError 400/21
 */
export function compilePattern(pattern: string, options: { ignoreCase?: boolean } = {}): RegExp {
  const inline = INLINE_FLAGS.exec(pattern);
  const flags = new Set([...(inline?.[1] ?? '')].filter((flag) => 'ims'.includes(flag)));
  if (options.ignoreCase) flags.add('i');
  const body = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replaceAll(/(?<!\\)((?:\\\\)*)\\A/g, '$1(?<![\\s\\S])')
    .replaceAll(/(?<!\\)((?:\\\\)*)\\Z/g, '$1(?![\\s\\S])');
  try {
    return new RegExp(body, [...flags].join(''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApiError('invalid_regex_error', { pattern }, reason);
  }
}
