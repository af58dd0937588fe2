import { AgentError, type ErrorCode } from '../../errors.js';
import type { Interpreter } from '../interpreter/interpreter.js';
import { CONFLICTS, conflicting, excludesItself } from './contradiction.js';

export interface FailedInstall {
  /** `pip`, `uv`, `poetry`, `conda`. */
  tool: string;
  /** All that the tool printed. */
  output: string;
  exitCode: number;
  /** What was being installed: `numpy==1.26`, `12 packages`. */
  what: string;
  /** `Python 3.11.7` */
  python: string;
}

/** Why an installation failed; decides what to try next. */
export type FailureKind =
  | 'missing'
  | 'version'
  | 'conflict'
  | 'unreachable'
  | 'refused'
  | 'build'
  | 'hash'
  | 'unread'
  | 'disk'
  | 'git'
  | 'other';

export interface FailureReason {
  kind: FailureKind;
  cause: string;
  hint?: string;
}

interface Row {
  kind: FailureKind;
  /** Matched against the whole output; groups are given to `cause`. */
  pattern: RegExp;
  /** What has to be true of a match besides. */
  holds?: (match: RegExpMatchArray) => boolean;
  cause: (match: RegExpMatchArray, failed: FailedInstall) => string;
  hint?: string;
}

const NETWORK_HINT =
  'Check the network of this machine and the index (agent.package_manager.extra_index_url, pip.conf, PIP_INDEX_URL).';
const NO_NETWORK =
  /(Temporary failure in name resolution|Name or service not known|Connection refused|Connection reset|Network is unreachable|No route to host|timed out|ConnectTimeoutError|NewConnectionError|dns error|error trying to connect|tcp connect error|Failed to establish a new connection|operation timed out)/i;

const NO_VERSION =
  /Could not find a version that satisfies the requirement ([^\n]+?) \(from versions: ((?!none)[^)\n]+)\)/;
const LOOSEN = 'Loosen one of the versions named in the detail.';

/** Read from top to bottom; the first that matches says the cause. Wording: pip 9 to 26, uv 0.4 to 0.13, poetry 1 and 2, conda 4 to 25. */
const ROWS: readonly Row[] = [
  {
    kind: 'disk',
    pattern: /No space left on device|Disk quota exceeded|os error 28\b/i,
    cause: () => 'no space left on the disk',
  },
  {
    kind: 'refused',
    pattern:
      /\b(401|403)\b[^\n]*?(?:Unauthorized|Forbidden|Client Error)|(?:status code|HTTP status client error) \(?(401|403)|User for [^\n]*:/i,
    cause: (match) => `the package index refuses the login (HTTP ${match[1] ?? match[2] ?? 401})`,
    hint: 'Put the user and password of the index in agent.package_manager.extra_index_url, pip.conf or ~/.netrc.',
  },
  {
    kind: 'hash',
    pattern:
      /THESE PACKAGES DO NOT MATCH THE HASHES[^\n]*|Hash mismatch for [^\n]*|require-hashes[^\n]*|Can't verify hashes for[^\n]*|Hashes are required[^\n]*|In `?--require-hashes`? mode[^\n]*/i,
    cause: (match) => `a package does not match its hash: ${clip(match[0])}`,
  },
  {
    kind: 'git',
    pattern:
      /(?:fatal: [^\n]+|Host key verification failed\.|Permission denied \(publickey\)[^\n]*|Git operation failed)/,
    cause: (match) => `a repository in the requirements cannot be fetched: ${clip(match[0])}`,
    hint: 'Credentials for it are those of the task repository: agent.git_user and agent.git_pass, or an ssh key.',
  },
  {
    kind: 'conflict',
    pattern: NO_VERSION,
    holds: ([, requirement = '', available = '']) => excludesItself(requirement, available),
    cause: (match) => contradiction(match[1]),
    hint: LOOSEN,
  },
  {
    kind: 'version',
    pattern: NO_VERSION,
    cause: (match, { python }) =>
      `no version of ${clip(match[1])} for ${python}; available: ${lastOf(match[2])}`,
  },
  {
    kind: 'unreachable',
    pattern: NO_NETWORK,
    cause: (match) => `the package index cannot be reached: ${clip(match[1])}`,
    hint: NETWORK_HINT,
  },
  {
    kind: 'missing',
    pattern:
      /No matching distribution found for ([^\n]+)|Could not find a version that satisfies the requirement ([^\n(]+)/,
    cause: (match, { python }) =>
      `no package index has ${clip(match[1] ?? match[2])} for ${python}: the name is wrong, or its index is not configured or refuses the login`,
    hint: 'Correct the name in the requirements, or add the index with agent.package_manager.extra_index_url.',
  },
  {
    kind: 'missing',
    pattern:
      /Because ([\w.[\]-]+) was not found in (?:the package registry|the provided package locations|the cache)/,
    cause: (match, { python }) =>
      `no package index has ${clip(match[1])} for ${python}: the name is wrong, or its index is not configured or refuses the login`,
    hint: 'Correct the name in the requirements, or add the index with agent.package_manager.extra_index_url.',
  },
  {
    kind: 'version',
    pattern:
      /Because (?:only [^\n]*? (?:is|are) available|there is no version of (\S+)|([^\n]+?) has no wheels[^\n]*)/,
    cause: (match, failed) =>
      `no version of ${clip(match[1] ?? match[2] ?? failed.what)} for ${failed.python}`,
  },
  {
    kind: 'conflict',
    pattern: CONFLICTS,
    cause: (match) => contradiction(conflicting(match)),
    hint: LOOSEN,
  },
  {
    kind: 'build',
    pattern:
      /(?:Failed building wheel for|Failed to build installable wheels for|Could not build wheels for|ERROR: Failed to build '?|Failed to build `?|Failed to download and build `?)\s*([\w.=@-]+)/,
    cause: (match, failed) =>
      `${clip(match[1])} has no ready package for ${failed.python} and its build fails: ${buildWords(failed.output)}`,
    hint: 'Choose a version that has a wheel for this Python, or install the compiler and libraries that the build asks for.',
  },
  {
    kind: 'build',
    pattern:
      /(?:subprocess-exited-with-error|metadata-generation-failed|setup\.py egg_info[^\n]*error code|The build backend returned an error|build backend)/i,
    cause: (_match, failed) => `the build of a package fails: ${buildWords(failed.output)}`,
  },
  {
    kind: 'unread',
    pattern:
      /Invalid requirement:? ?([^\n]+)|Couldn't parse requirement[^\n]*|Expected [^\n]+ found [^\n]+|no such option: (\S+)/i,
    cause: (match) => `a line of the requirements cannot be read: ${clip(match[1] ?? match[0])}`,
  },
];

/** Finds the cause in what the tool said. */
export function failureReason(failed: FailedInstall): FailureReason {
  for (const row of ROWS) {
    const match = row.pattern.exec(failed.output);
    if (match !== null && row.holds?.(match) !== false) {
      const reason = { kind: row.kind, cause: row.cause(match, failed) };
      return row.hint === undefined ? reason : { ...reason, hint: row.hint };
    }
  }
  return { kind: 'other', cause: clip(errorLine(failed.output)) || `exit status ${failed.exitCode}` };
}

function contradiction(requirements: string | undefined): string {
  return `the requirements contradict each other${requirements === undefined ? '' : `: ${clip(requirements)}`}`;
}

export function installError(failed: FailedInstall): AgentError {
  const { kind, cause, hint } = failureReason(failed);
  const code: ErrorCode = kind === 'disk' ? 'DISK_FULL' : 'REQUIREMENTS_INSTALL';
  return new AgentError(code, `${failed.tool} cannot install ${clip(failed.what)}: ${cause}`, {
    ...(hint === undefined ? {} : { hint }),
    detail: relevantEnd(failed.output),
    infrastructure: kind === 'unreachable',
  });
}

/** There are packages to install and nothing to install them with. */
export function noInstaller(interpreter: Interpreter): AgentError {
  const { program, probe } = interpreter;
  return new AgentError(
    'ENVIRONMENT_CREATE',
    `Python ${probe.version} (${program}) has no pip, and there is no uv`,
    {
      hint: 'Install one of: python3-pip, python3-venv, uv.',
    },
  );
}

/** Each try at an index that is away; the log has them, and the verdict comes after them. */
const RETRY_OF_PIP = /^\s*(?:WARNING: )?Retrying \(Retry\(total=/;

/** The last lines are the tool's verdict; what it says before its first complaint is progress. */
function relevantEnd(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && !RETRY_OF_PIP.test(line));
  const first = lines.findIndex((line) => /error|fatal|failed|×/i.test(line));
  return lines.slice(Math.max(first, 0)).slice(-25).join('\n');
}

function errorLine(output: string): string {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? '';
}

/** The line of a build that says what is wrong: a compiler's error, a missing program, the last exception. */
function buildWords(output: string): string {
  const lines = output.split('\n').map((line) => line.replace(/^[\s│|]+/, '').trim());
  const found =
    lines.findLast((line) =>
      /^(?:[\w.]+(?:Error|Exception): |fatal error: |error: (?!subprocess|metadata|legacy|command)|.*: fatal error: |.*not found$)/.test(
        line,
      ),
    ) ?? lines.findLast((line) => /error/i.test(line) && !OF_THE_TOOL.test(line));
  return clip(found ?? 'no message');
}

/** What pip and uv say about every failed build, whatever went wrong in it. */
const OF_THE_TOOL =
  /originates from a subprocess|subprocess-exited-with-error|metadata-generation-failed|did not run successfully|Failed to build|not a(?:n issue| problem) with pip|build backend returned an error|Encountered error while/i;

/** Indexes list versions from old to new. */
function lastOf(versions: string | undefined): string {
  const list = (versions ?? '').split(',').map((version) => version.trim());
  return list.length > 5 ? `… ${list.slice(-5).join(', ')}` : list.join(', ');
}

function clip(text: string | undefined): string {
  const line = (text ?? '')
    .trim()
    .replace(/^(?:ERROR|error): */, '')
    .replace(/ \(from -r [^)]*\)(?=$|\s|\))\)?/g, '');
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
