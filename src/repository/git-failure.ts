import { AgentError, type ErrorCode } from '../errors.js';
import type { GitResult } from './git.js';
import { parseGitUrl } from './git-url.js';

/** What went wrong, as far as it decides what is tried next. */
export type FailureKind =
  | 'disk-full'
  | 'stalled'
  | 'no-host'
  | 'refused'
  | 'unreachable'
  | 'host-key'
  | 'key'
  | 'credentials'
  | 'not-found'
  | 'certificate'
  | 'no-ref'
  | 'interrupted'
  | 'scheme'
  | 'lfs'
  | 'damaged'
  | 'unknown';

/** What the failing command was about. */
export interface FailureSubject {
  /** "cannot clone", "cannot fetch from" … */
  action: string;
  /** Address without secrets. */
  url: string;
  /** Host of the address; empty for one on this machine. */
  host: string;
  /** Whether credentials were given to git for it. */
  hasLogin: boolean;
  stallMs: number;
  timeoutMs: number;
}

interface Cause {
  kind: FailureKind;
  pattern: RegExp;
  /** The end of the cause line. `match` is that of the pattern. */
  says: (subject: FailureSubject, match: RegExpExecArray) => string;
  hint?: string;
  code?: ErrorCode;
}

const CREDENTIALS_HINT =
  'Set agent.git_user and agent.git_pass, or an entry of agent.git.extra_credentials, for this host.';
const KNOWN_HOSTS_HINT =
  'Add its key to ~/.ssh/known_hosts of the user that runs the agent, or set agent.git.host_keys to "accept-new".';

/** Tried in this order: what git says last is often only a consequence of what it said first. */
const CAUSES: readonly Cause[] = [
  {
    kind: 'disk-full',
    pattern: /No space left on device|Disk quota exceeded/i,
    says: () => 'there is no space left on the disk of the agent',
    hint: 'Free space on the file system of agent.vcs_cache.path and of the task folders.',
    code: 'DISK_FULL',
  },
  {
    kind: 'host-key',
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed/i,
    says: ({ host }) =>
      `the ssh key of ${host} is not the one in known_hosts: the host was replaced, or another host poses as it`,
    hint: 'When the change is known to be right, remove the old key with `ssh-keygen -R` and add the new one.',
  },
  {
    kind: 'host-key',
    pattern: /Host key verification failed|No \S+ host key is known for/i,
    says: ({ host }) => `the ssh key of ${host} is not in known_hosts`,
    hint: KNOWN_HOSTS_HINT,
  },
  {
    kind: 'key',
    pattern: /Load key "([^"]+)": ([^\n]+)/i,
    says: (_subject, match) => `the ssh key ${match[1]} cannot be used: ${match[2]}`,
  },
  {
    kind: 'key',
    pattern: /Permission denied \(([^)]*)\)/i,
    says: ({ host }, match) =>
      `${host} accepts none of the ssh keys offered (permission denied, ${match[1]})`,
    hint: 'Give the user that runs the agent a key that the host knows: in ~/.ssh, in an ssh agent, or by agent.git.ssh_key.',
  },
  {
    kind: 'no-host',
    pattern:
      /Could not resolve (?:host(?:name)?|proxy):? ?([^\s:;]*)|Name or service not known|failure in name resolution/i,
    says: ({ host }, match) => `there is no host named ${match[1] || host}`,
    hint: 'Check the address, and the name service of the machine.',
  },
  {
    kind: 'refused',
    pattern: /Connection refused|Couldn't connect to server/i,
    says: ({ host }) => `${host} refuses the connection`,
    hint: 'Check host and port, and whether the server runs.',
  },
  {
    kind: 'stalled',
    pattern:
      /Connection timed out|Operation timed out|Operation too slow|Timeout, server \S+ not responding/i,
    says: ({ host }) => `${host} does not answer in time`,
    hint: 'Check the network, a proxy or a firewall; agent.git.stall_timeout_sec is how long the agent waits.',
  },
  {
    kind: 'unreachable',
    pattern: /Network is unreachable|No route to host/i,
    says: ({ host }, match) => `${host} cannot be reached (${match[0].toLowerCase()})`,
  },
  {
    kind: 'certificate',
    pattern:
      /SSL certificate problem: ([^\n]+)|server certificate verification failed|SSL: no alternative certificate/i,
    says: ({ host }, match) =>
      `the certificate of ${host} is not trusted${match[1] ? ` (${match[1].trim()})` : ''}`,
    hint: 'Name the certificate authority in GIT_SSL_CAINFO, or in http.sslCAInfo of the git configuration.',
  },
  {
    kind: 'credentials',
    pattern: /could not read (?:Username|Password) for '?([^'\n]*)|terminal prompts disabled/i,
    says: ({ host, hasLogin }, match) =>
      isElsewhere(match[1], host)
        ? `${host} redirects to ${parseGitUrl(match[1] ?? '').host}, which asks for credentials, and gets none of another host`
        : hasLogin
          ? `${host} asks for credentials, and this git cannot be given them (2.32 or later can)`
          : `${host} asks for credentials, and none are configured for it`,
    hint: CREDENTIALS_HINT,
  },
  {
    kind: 'credentials',
    pattern: /Authentication failed|Access denied|error: 401|Invalid username or/i,
    says: ({ host, hasLogin }) =>
      hasLogin
        ? `${host} refuses the user name or password that is configured for it`
        : `${host} asks for credentials, and none are configured for it`,
    hint: CREDENTIALS_HINT,
  },
  {
    kind: 'credentials',
    pattern: /error: 403|not granted|insufficient permission/i,
    says: ({ host, hasLogin }) =>
      `${host} forbids it${hasLogin ? ' to the user that is configured for it' : ' without credentials'}`,
    hint: CREDENTIALS_HINT,
  },
  {
    kind: 'lfs',
    pattern:
      /smudge filter lfs failed|external filter '[^']*git-lfs|batch response:|LFS: |Error downloading object/i,
    says: () => 'files that are kept in git LFS cannot be fetched',
    hint: 'Set agent.git.lfs to false to continue with the pointer files.',
  },
  {
    kind: 'not-found',
    pattern:
      /Repository not found|repository '[^']*' (?:not found|does not exist)|error: 404|does not appear to be a git repository|project you were looking for could not be found|no such repository/i,
    says: ({ hasLogin, host }) =>
      host === '' || hasLogin
        ? 'there is no such repository, or it may not be read with the credentials given'
        : 'there is no such repository, or it may only be read with credentials',
    hint: 'Check the address; private repositories look the same to a user without access.',
  },
  {
    kind: 'not-found',
    pattern: /detected dubious ownership in repository at '([^']+)'/i,
    says: (_subject, match) => `${match[1]} belongs to another user`,
  },
  {
    kind: 'scheme',
    pattern:
      /transport '([^']+)' not allowed|Unable to find remote helper for '([^']+)'|protocol '([^']+)' is not supported|'remote-([^']+)' is not a git command/i,
    says: (_subject, match) =>
      `git has no transport for ${match[1] ?? match[2] ?? match[3] ?? match[4]} addresses here`,
  },
  {
    kind: 'no-ref',
    pattern:
      /couldn't find remote ref (\S+)|not our ref (\S+)|unadvertised object (\S+)|Remote branch (\S+) not found/i,
    says: (_subject, match) => `it does not have ${match[1] ?? match[2] ?? match[3] ?? match[4]}`,
    code: 'REPOSITORY_REVISION',
  },
  {
    kind: 'interrupted',
    pattern:
      /early EOF|RPC failed|remote end hung up|Connection reset|Connection closed|unexpected disconnect|Broken pipe|error: 5\d\d|transfer closed|Empty reply from server|Recv failure|unexpected eof/i,
    says: () => 'the connection broke off',
  },
  {
    kind: 'damaged',
    pattern:
      /\.lock': File exists|is corrupt|corrupted|bad object|bad tree|object file \S+ is empty|not a git repository|unable to read|inflate: |packfile \S+ |missing blob|missing necessary objects|all necessary objects|invalid sha1 pointer|cannot lock ref|unable to resolve reference/i,
    says: () => 'the copy on this machine is damaged',
  },
];

/** The network, the host of the repository or this machine's copy is to blame, not the address. */
const INFRASTRUCTURE: ReadonlySet<FailureKind> = new Set([
  'no-host',
  'refused',
  'stalled',
  'unreachable',
  'interrupted',
  'damaged',
]);

/** Whether git was sent to another host than the one it was to ask. */
function isElsewhere(address: string | undefined, host: string): boolean {
  const asked = parseGitUrl(address ?? '').host;
  return asked !== '' && host !== '' && asked !== host.toLowerCase();
}

/** The kind of failure that git reports. */
export function failureKind(result: GitResult): FailureKind {
  if (result.timedOut !== undefined) return 'stalled';
  return findCause(result.stderr)?.cause.kind ?? 'unknown';
}

/** The error for a git command that failed: one cause line, and git's own words under it. */
export function transferError(subject: FailureSubject, result: GitResult): AgentError {
  const start = `${subject.action} ${subject.url}`;
  const detail = gitWords(result.stderr);
  const infrastructure = INFRASTRUCTURE.has(failureKind(result));
  const words = { infrastructure, ...(detail === '' ? {} : { detail }) };
  if (result.timedOut !== undefined)
    return new AgentError('REPOSITORY_CLONE', `${start}: ${limitHit(subject, result)}`, words);
  const found = findCause(result.stderr);
  if (found === undefined) {
    const last = lastWord(detail) || `git ended with status ${result.exitCode}`;
    return new AgentError('REPOSITORY_CLONE', `${start}: ${last}`, words);
  }
  const { cause, match } = found;
  const message = `${start}: ${cause.says(subject, match)}`;
  const hint = cause.hint === undefined ? {} : { hint: cause.hint };
  return new AgentError(cause.code ?? 'REPOSITORY_CLONE', message, { ...hint, ...words });
}

/** What git printed, without its progress. */
export function gitWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.split('\r').findLast((part) => part.trim() !== '') ?? '');
  const kept = lines.map((line) => line.trimEnd()).filter((line) => line !== '' && !PROGRESS.test(line));
  return kept.slice(-MOST_LINES).join('\n');
}

const MOST_LINES = 30;
const PROGRESS =
  /^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Resolving|Updating|Unpacking|Total) [\w ]*(?:objects|deltas|files)?[:,]? .*$|^Cloning into |^hint: /;

function findCause(stderr: string): { cause: Cause; match: RegExpExecArray } | undefined {
  for (const cause of CAUSES) {
    const match = cause.pattern.exec(stderr);
    if (match !== null) return { cause, match };
  }
  return undefined;
}

function limitHit({ stallMs, timeoutMs }: FailureSubject, { timedOut }: GitResult): string {
  return timedOut === 'stall'
    ? `no progress for ${stallMs / 1000} s (agent.git.stall_timeout_sec)`
    : `not done after ${timeoutMs / 1000} s (agent.git.timeout_sec)`;
}

function lastWord(words: string): string {
  const line = words.split('\n').findLast((one) => /^(fatal|error|ERROR|remote)[:\s]/.test(one)) ?? '';
  return line.replace(/^(?:fatal|error|ERROR|remote): */, '');
}
