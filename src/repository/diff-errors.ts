import { AgentError } from '../errors.js';
import { hasLostLetters } from './diff-bytes.js';
import { hunkAt } from './diff-hunks.js';
import type { FileDiff } from './diff-text.js';
import type { GitResult } from './git.js';
import { gitWords } from './git-failure.js';

export interface FileFailure {
  file: FileDiff;
  /** What git said to the strictest try. */
  first: GitResult;
}

/** @param all how many files the diff has */
export function diffError(failures: readonly FileFailure[], all: number): AgentError {
  const [{ file, first }] = failures as readonly [FileFailure];
  const others =
    failures.length > 1
      ? ` (and ${failures.length - 1} other ${failures.length === 2 ? 'file' : 'files'} of ${all})`
      : '';
  const detail = failures.map((failure) => gitWords(failure.first.stderr)).join('\n');
  return new AgentError(
    'REPOSITORY_DIFF',
    `the uncommitted changes do not apply: ${file.path}${others}: ${reasonOf(file, first)}`,
    { hint: 'Commit and push the changes, or make the task again from the commit that it names.', detail },
  );
}

function reasonOf(file: FileDiff, { stderr }: GitResult): string {
  if (file.binary === 'none')
    return 'the diff says that the binary file differs, but does not hold its content';
  if (/No such file|does not exist in index|does not exist in working/i.test(stderr))
    return 'there is no such file in the commit';
  if (/already exists in/i.test(stderr))
    return 'the diff adds the file, and the commit has another one of that name';
  if (/^@@@ /m.test(file.text)) return 'it is the diff of an unfinished merge, which fits no commit';
  if (hasLostLetters(file.text)) return 'letters of the file, which are not UTF-8, were lost in the diff';
  const line = /patch failed: .*:(\d+)$/m.exec(stderr)?.[1];
  const hunk = line === undefined ? undefined : hunkAt(file.hunks, Number(line));
  if (hunk !== undefined) return `hunk ${hunk} was made on another version of the file`;
  return /^(?:error|fatal): (.*)$/m.exec(stderr)?.[1] ?? 'git refuses it';
}

export function noFiles(diff: string): AgentError {
  const start = JSON.stringify(diff.trimStart().slice(0, 60));
  return new AgentError(
    'REPOSITORY_DIFF',
    `the uncommitted changes of the task name no file; they begin with ${start}`,
  );
}
