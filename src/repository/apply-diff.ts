import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../errors.js';
import { asNewFile, type FileDiff, hunkAt, splitDiff, withLineEnd, withLineEnds } from './diff-text.js';
import type { GitResult } from './git.js';
import { gitWords } from './git-failure.js';
import { parseGitUrl } from './git-url.js';
import { type GitContext, RepositoryGit } from './repository-git.js';

export interface DiffRequest extends GitContext {
  /** Top folder of the work tree. */
  root: string;
  /** `script.diff` of the task, when it is a diff. */
  diff: string;
}

/** How the changes went in. */
export interface AppliedDiff {
  /** Files that were changed. */
  files: string[];
  /** The strategy that worked for all, or the one that each file needed. */
  strategies: Map<string, StrategyName>;
}

export type StrategyName = 'as it is' | 'line ends' | 'white space' | '3-way merge' | 'already there';

interface Strategy {
  name: StrategyName;
  args: readonly string[];
  /** The text to apply for one file; `undefined` when the strategy has nothing to offer for it. */
  text: (file: FileDiff, root: string) => Promise<string | undefined>;
  /** Leaves parts behind when it fails. */
  touches?: boolean;
}

const asItIs = async (file: FileDiff): Promise<string> => asNewFile(file)?.text ?? file.text;

/**
 * From strict to lenient. `already there` changes nothing: it looks whether the commit has the change. It insists on
 * lines around the change, without which any place would do for taking a removal back.
 */
const STRATEGIES: readonly Strategy[] = [
  { name: 'as it is', args: ['--unidiff-zero'], text: asItIs },
  { name: 'line ends', args: ['--unidiff-zero'], text: withFileLineEnds },
  { name: 'white space', args: ['--unidiff-zero', '--ignore-whitespace'], text: withFileLineEnds },
  { name: 'already there', args: ['--reverse', '--check'], text: asItIs },
  { name: '3-way merge', args: ['--3way'], text: asItIs, touches: true },
];

/**
 * Applies the uncommitted changes of a task to its work tree: all of them, or none. First as git does it; when that
 * fails, each file in the strictest way that works for it.
 *
 * @throws AgentError REPOSITORY_DIFF naming file and hunk; the work tree is then as it was
 */
export async function applyDiff(request: DiffRequest): Promise<AppliedDiff> {
  const git = await RepositoryGit.open(request, parseGitUrl(request.root));
  const files = splitDiff(withLineEnd(request.diff));
  const paths = files.map((file) => file.path);
  if (files.length === 0) throw noFiles(request.diff);
  const whole = await apply(git, request, ['--unidiff-zero'], withLineEnd(request.diff));
  if (whole.exitCode === 0) {
    request.reporter.line(`uncommitted changes applied to ${count(paths)}`);
    return { files: paths, strategies: new Map(paths.map((file) => [file, 'as it is'])) };
  }
  request.reporter.line(
    `git apply refuses the uncommitted changes as a whole, trying each file:\n${gitWords(whole.stderr)}`,
    'WARNING',
  );
  return applyEach(git, request, files);
}

async function applyEach(
  git: RepositoryGit,
  request: DiffRequest,
  files: readonly FileDiff[],
): Promise<AppliedDiff> {
  const strategies: AppliedDiff['strategies'] = new Map();
  const failures: FileFailure[] = [];
  for (const file of files) {
    const outcome = await applyFile(git, request, file);
    if ('strategy' in outcome) strategies.set(file.path, outcome.strategy);
    else failures.push({ file, first: outcome.first });
  }
  if (failures.length > 0) {
    await restore(git, request, files);
    throw diffError(failures, files.length);
  }
  for (const [file, strategy] of strategies) {
    if (strategy !== 'as it is') request.reporter.line(`${file}: ${REPORTS[strategy]}`, 'WARNING');
  }
  request.reporter.line(`uncommitted changes applied to ${count([...strategies.keys()])}`);
  return { files: files.map((file) => file.path), strategies };
}

const REPORTS: Readonly<Record<Exclude<StrategyName, 'as it is'>, string>> = {
  'line ends': 'applied with the line ends that the file has in the repository',
  'white space': 'applied without regard to white space in the lines around the change',
  '3-way merge': 'merged with the version that the change was made on',
  'already there': 'nothing to apply, the commit contains the change already',
};

async function applyFile(
  git: RepositoryGit,
  request: DiffRequest,
  file: FileDiff,
): Promise<{ strategy: StrategyName } | { first: GitResult }> {
  let first: GitResult | undefined;
  for (const strategy of STRATEGIES) {
    const text = await strategy.text(file, request.root);
    if (text === undefined) continue;
    const result = await apply(git, request, strategy.args, text);
    if (result.exitCode === 0) return { strategy: strategy.name };
    first ??= result;
    if (strategy.touches) await restoreFile(git, request, file);
  }
  return { first: first ?? { exitCode: 1, stdout: '', stderr: '' } };
}

function apply(
  git: RepositoryGit,
  { root }: DiffRequest,
  args: readonly string[],
  input: string,
): Promise<GitResult> {
  return git.run(['apply', '--whitespace=nowarn', ...args, '-'], { cwd: root, input });
}

/** The file on disk decides between LF and CRLF; `undefined` when the diff has its line ends already. */
async function withFileLineEnds(file: FileDiff, root: string): Promise<string | undefined> {
  if (file.binary !== 'no') return undefined;
  const ends = await lineEndOf(path.join(root, file.path));
  return ends === undefined ? withLineEnds(file.text, '\n') : withLineEnds(file.text, ends);
}

async function lineEndOf(file: string): Promise<'\n' | '\r\n' | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
    const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
    if (end === -1) return undefined;
    return buffer[end - 1] === 0x0d ? '\r\n' : '\n';
  } finally {
    await handle.close();
  }
}

/** A failed merge leaves its marks in the file and the index. */
async function restoreFile(git: RepositoryGit, { root }: DiffRequest, file: FileDiff): Promise<void> {
  await git.run(['reset', '--quiet', '--', file.path], { cwd: root });
  await git.run(['checkout', '--force', '--', file.path], { cwd: root });
}

async function restore(git: RepositoryGit, { root }: DiffRequest, files: readonly FileDiff[]): Promise<void> {
  await git.run(['reset', '--hard', '--quiet', 'HEAD'], { cwd: root });
  for (const file of files) {
    const tracked = await git.run(['ls-files', '--error-unmatch', '--', file.path], { cwd: root });
    if (tracked.exitCode !== 0 && (file.change === 'new' || file.change === 'renamed' || asNewFile(file))) {
      await rm(path.join(root, file.path), { force: true });
    }
  }
}

interface FileFailure {
  file: FileDiff;
  /** What git said to the strictest try. */
  first: GitResult;
}

function diffError(failures: readonly FileFailure[], all: number): AgentError {
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
  const line = /patch failed: .*:(\d+)$/m.exec(stderr)?.[1];
  const hunk = line === undefined ? undefined : hunkAt(file, Number(line));
  if (hunk !== undefined) return `hunk ${hunk} was made on another version of the file`;
  return /^(?:error|fatal): (.*)$/m.exec(stderr)?.[1] ?? 'git refuses it';
}

function noFiles(diff: string): AgentError {
  const start = JSON.stringify(diff.trimStart().slice(0, 60));
  return new AgentError(
    'REPOSITORY_DIFF',
    `the uncommitted changes of the task name no file; they begin with ${start}`,
  );
}

function count(files: readonly string[]): string {
  return files.length === 1 ? `1 file (${files[0]})` : `${files.length} files`;
}
