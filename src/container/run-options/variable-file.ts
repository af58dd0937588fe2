import { causeLine } from '../../errors.js';
import { ownMember } from '../../os/own-member.js';
import { type GivenOption, wrongValue } from './option.js';
import type { ArgumentSources } from './request-draft.js';

/**
 * Lines of a file of variables or labels: `NAME=value`, or `NAME` for the value that `known` has (left out
 * when it has none). Comments start with `#`; quotes are part of a value. Errors name lines by their numbers: their
 * text may be a secret.
 *
 * @throws AgentError DOCKER_ARGUMENT for a file that cannot be read or a name with blanks
 */
export function readVariableFile(
  given: GivenOption,
  sources: ArgumentSources,
  known: Readonly<Record<string, string | undefined>>,
): string[] {
  return readArgumentFile(given, sources, given.value)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .flatMap((line, number) => {
      if (line === '' || line.startsWith('#')) return [];
      const name = line.split('=', 1)[0] ?? '';
      if (name === '' || /\s/.test(name))
        throw wrongValue(given, `a file of NAME=value lines; line ${number + 1} is none`);
      if (line.includes('=')) return [line];
      return ownMember(known, name) === undefined ? [] : [`${name}=${known[name]}`];
    });
}

/** @throws AgentError DOCKER_ARGUMENT */
export function readArgumentFile(given: GivenOption, sources: ArgumentSources, file: string): string {
  try {
    return sources.readText(file);
  } catch (error) {
    throw wrongValue(given, `a file that can be read (${causeLine(error)})`);
  }
}
