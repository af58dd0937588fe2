import { AgentError } from '../../errors.js';
import type { RequestDraft } from './request-draft.js';

/** One option of `docker run`, in every spelling, and what it does to the create request. */
export interface RunOption {
  /** Long name without dashes. */
  name: string;
  /** One letter. */
  short?: string;
  /** Further long names that Docker accepts. */
  aliases?: readonly string[];
  /** `flag` needs no value (`--rm`, `--rm=false`), `value` does. */
  takes: 'flag' | 'value';
  /** Engine API version that it needs, where that is newer than Docker 20.10 (1.41). */
  since?: string;
  apply(draft: RequestDraft, given: GivenOption): void;
}

/** An option as it was given. */
export interface GivenOption {
  option: RunOption;
  /** Flags have `true` or what stood behind `=`. */
  value: string;
  /** The switch as it was written: `-e`, `--env`, `--net`. */
  written: string;
}

/** @returns the error for a value that does not fit; `expected` completes "expected …" */
export function wrongValue(given: GivenOption, expected: string): AgentError {
  return new AgentError(
    'DOCKER_ARGUMENT',
    `docker argument ${given.written}: expected ${expected}, found "${given.value}"`,
  );
}

/** @returns the error for arguments that do not go together */
export function conflict(text: string): AgentError {
  return new AgentError('DOCKER_ARGUMENT', `docker arguments contradict: ${text}`);
}
