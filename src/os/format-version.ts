import { AgentError } from '../errors.js';

/**
 * Refuses what a later version of the program has written. It is never read as far as it goes: it would be taken for
 * something else, or for nothing.
 *
 * @param what the file or the thing, as the message names it
 * @param version as it was written; anything but a number means the first version, which had none
 * @throws AgentError NEWER_FORMAT
 */
export function refuseNewer(what: string, version: unknown, known: number): void {
  if (typeof version !== 'number' || version <= known) return;
  throw new AgentError(
    'NEWER_FORMAT',
    `${what} was written by a newer version of the agent (format ${version}, this one reads up to ${known})`,
    { hint: 'Start that version again, or a later one. Nothing was changed.' },
  );
}
