import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../errors.js';
import { linkAbove, pathInside } from '../os/inside-tree.js';
import { diffBytes, inEncodingOf } from './diff-bytes.js';
import { diffError, type FileFailure, noFiles } from './diff-errors.js';
import { withLineEnds } from './diff-hunks.js';
import { withBlanksOf } from './diff-match.js';
import { asNewFile, type FileDiff, readDiff } from './diff-text.js';
import type { GitResult } from './git.js';
import { gitWords } from './git-failure.js';
import { parseGitUrl } from './git-url.js';
import { type GitContext, RepositoryGit } from './repository-git.js';

export interface DiffRequest extends GitContext {
  /** Top folder of the work tree. */
  root: string;
  /** `script.diff` of the task, when it is a diff. */
  diff: string;
  /** Working directory of the task, relative to `root`. */
  workingDir?: string;
}

/** How the changes went in. */
export interface AppliedDiff {
  /** Files that were changed. */
  files: string[];
  /** The strategy that worked for all, or the one that each file needed. */
  strategies: Map<string, StrategyName>;
}

export type StrategyName =
  | 'as it is'
  | 'blank lines'
  | 'line counts'
  | 'line ends'
  | 'white space'
  | 'encoding'
  | '3-way merge'
  | 'already there';

interface Strategy {
  name: StrategyName;
  args: readonly string[];
  /** The texts to try for one file; none when the strategy has nothing to offer for it. */
  texts: (file: FileDiff, root: string) => Promise<string[]>;
  /** Leaves parts behind when it fails. */
  touches?: boolean;
}

const ZERO = ['--unidiff-zero'];

/** A text with wrong counts is never applied as it is: git leaves out lines that are not counted. */
const asItIs = async (file: FileDiff): Promise<string[]> =>
  file.mended === undefined ? [asNewFile(file)?.text ?? file.text] : [];
const restored = async ({ mended }: FileDiff): Promise<string[]> => given(mended?.restored);
const recounted = async ({ mended }: FileDiff): Promise<string[]> => given(mended?.recounted);
const mended = async (file: FileDiff): Promise<string[]> => [
  file.mended?.recounted ?? asNewFile(file)?.text ?? file.text,
];

/**
 * From strict to lenient. `already there` changes nothing: it looks whether the commit has the change. It insists on
 * lines around the change, without which any place would do for taking a removal back.
 */
const STRATEGIES: readonly Strategy[] = [
  { name: 'as it is', args: ZERO, texts: asItIs },
  { name: 'blank lines', args: ZERO, texts: restored },
  { name: 'line counts', args: ZERO, texts: recounted },
  { name: 'line ends', args: ZERO, texts: withFileLineEnds },
  { name: 'white space', args: [...ZERO, '--ignore-whitespace'], texts: withFileBlanks },
  { name: 'encoding', args: ZERO, texts: withFileEncoding },
  { name: 'already there', args: ['--reverse', '--check'], texts: mended },
  { name: '3-way merge', args: ['--3way'], texts: mended, touches: true },
];

/**
 * Applies the uncommitted changes of a task to its work tree: all of them, or none. First as git does it; when that
 * fails, each file in the strictest way that works for it.
 *
 * @throws AgentError REPOSITORY_DIFF naming file and hunk; the work tree is then as it was
 */
export async function applyDiff(request: DiffRequest): Promise<AppliedDiff> {
  const git = await RepositoryGit.open(request, parseGitUrl(request.root));
  const all = await readDiff(request.diff, request);
  if (all.length === 0) throw noFiles(request.diff);
  for (const file of all) checkInside(file, request);
  const files = all.filter((file) => !isUnchangedLink(file));
  reportLinks(files, request);
  if (files.length === 0) {
    request.reporter.line(
      'uncommitted changes: only of files inside submodules, which are not part of the diff',
      'WARNING',
    );
    return { files: [], strategies: new Map() };
  }
  if (files.some((file) => file.mended !== undefined)) return applyEach(git, request, files);
  const whole = await apply(git, request, ZERO, files.map(({ text }) => text).join(''));
  if (whole.exitCode !== 0) {
    request.reporter.line(
      `git apply refuses the uncommitted changes as a whole, trying each file:\n${gitWords(whole.stderr)}`,
      'WARNING',
    );
    return applyEach(git, request, files);
  }
  const paths = files.map((file) => file.path);
  request.reporter.line(`uncommitted changes applied to ${count(paths)}`);
  return { files: paths, strategies: new Map(paths.map((file) => [file, 'as it is'])) };
}

/** git refuses such names itself, but not in a merge; here files are also read and removed around it. */
function checkInside({ path: file, from }: FileDiff, { root }: DiffRequest): void {
  for (const name of from === undefined ? [file] : [from, file]) {
    const why = leadsAway(root, name);
    if (why === undefined) continue;
    throw new AgentError('REPOSITORY_DIFF', `the uncommitted changes name ${name}, ${why}`, {
      hint: 'Make the task again from the repository that it names.',
    });
  }
}

/** Why a diff may not name this file. */
function leadsAway(root: string, name: string): string | undefined {
  if (path.isAbsolute(name) || pathInside(root, path.dirname(path.join(root, name))) === undefined)
    return 'which is outside of the repository: an absolute path, one with "..", or below a link that leads out';
  const link = linkAbove(root, name);
  return link && `which is below the link ${link}`;
}

/** git prints `-dirty` after the commit of a submodule in which files are changed; the link itself is not. */
function isUnchangedLink({ link }: FileDiff): boolean {
  return link !== undefined && link.from === link.to;
}

/** `git apply` says that it applies a change of such a link, and does nothing. */
function reportLinks(files: readonly FileDiff[], { reporter }: DiffRequest): void {
  for (const { path: where, link } of files) {
    if (link === undefined || link.to === '') continue;
    reporter.line(
      `submodule ${where} stays at the commit that the repository names; the uncommitted changes have it at ${link.to}`,
      'WARNING',
    );
  }
}

async function applyEach(
  git: RepositoryGit,
  request: DiffRequest,
  files: readonly FileDiff[],
): Promise<AppliedDiff> {
  const strategies: AppliedDiff['strategies'] = new Map();
  const failures: FileFailure[] = [];
  // Links go in last: nothing of the diff is to go through one that it makes.
  const ordered = [...files.filter((file) => !makesLink(file)), ...files.filter(makesLink)];
  for (const file of ordered) {
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

function makesLink({ text }: FileDiff): boolean {
  return /^(?:new file mode|new mode) 120000\r?$/m.test(text);
}

const REPORTS: Readonly<Record<Exclude<StrategyName, 'as it is'>, string>> = {
  'blank lines': 'applied with blank lines at the end of a hunk that the diff has lost',
  'line counts': 'applied by the lines of its hunks, whose counts are wrong',
  'line ends': 'applied with the line ends that the file has in the repository',
  'white space': 'applied without regard to white space in the lines around the change',
  encoding: 'applied in the encoding that the file has in the repository',
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
    for (const text of await strategy.texts(file, request.root)) {
      if (strategy.touches && !(await namesStayInside(git, request, text))) continue;
      const result = await apply(git, request, strategy.args, text);
      if (result.exitCode === 0) return { strategy: strategy.name };
      first ??= result;
      if (strategy.touches) await restoreFile(git, request, file);
    }
  }
  return { first: first ?? { exitCode: 1, stdout: '', stderr: '' } };
}

/** In a merge git looks for links in its index only, so the names that it reads are looked at here. */
async function namesStayInside(git: RepositoryGit, request: DiffRequest, text: string): Promise<boolean> {
  const { exitCode, stdout } = await apply(git, request, ['--numstat', '-z'], text);
  const rows = stdout.split('\0').filter((row) => row !== '');
  const names = rows.map((row) => row.replace(/^[\d-]+\t[\d-]+\t/, ''));
  return exitCode === 0 && names.every((name) => leadsAway(request.root, name) === undefined);
}

function apply(
  git: RepositoryGit,
  { root }: DiffRequest,
  args: readonly string[],
  input: string,
): Promise<GitResult> {
  return git.run(['apply', '--whitespace=nowarn', ...args, '-'], {
    cwd: root,
    input: diffBytes(input),
  });
}

/** The file on disk decides between LF and CRLF. */
async function withFileLineEnds(file: FileDiff, root: string): Promise<string[]> {
  if (file.binary !== 'no') return [];
  const place = pathInside(root, file.path);
  const end = place === undefined ? undefined : await lineEndOf(place);
  return [withLineEnds(file.mended?.recounted ?? file.text, end ?? '\n')];
}

async function withFileBlanks(file: FileDiff, root: string): Promise<string[]> {
  const texts = await withFileLineEnds(file, root);
  const content = await contentOf(file, root);
  const matched = texts.map((text) => content && withBlanksOf(text, content));
  return [...texts, ...matched.filter((text) => text !== undefined)];
}

async function withFileEncoding(file: FileDiff, root: string): Promise<string[]> {
  const content = await contentOf(file, root);
  if (content === undefined) return [];
  return (await withFileLineEnds(file, root)).flatMap((text) => inEncodingOf(text, content));
}

async function contentOf(file: FileDiff, root: string): Promise<Buffer | undefined> {
  const place = file.change === 'new' ? undefined : pathInside(root, file.path);
  return place === undefined ? undefined : readFile(place).catch(() => undefined);
}

function given(text: string | undefined): string[] {
  return text === undefined ? [] : [text];
}

async function lineEndOf(file: string): Promise<'\n' | '\r\n' | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined || !(await handle.stat()).isFile()) {
    await handle?.close();
    return undefined;
  }
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
    if (linkAbove(root, file.path) !== undefined) continue;
    if (tracked.exitCode !== 0 && (file.change === 'new' || file.change === 'renamed' || asNewFile(file))) {
      await rm(path.join(root, file.path), { force: true, recursive: true });
    }
  }
}

/** So many names are listed; the rest is counted. */
const MOST_NAMES = 10;

function count(files: readonly string[]): string {
  const names = files.slice(0, MOST_NAMES).join(', ');
  const others = files.length > MOST_NAMES ? ` and ${files.length - MOST_NAMES} others` : '';
  return `${files.length} ${files.length === 1 ? 'file' : 'files'} (${names}${others})`;
}
