import test from 'ava';
import type { ErrorCode } from '../../../src/errors.js';
import { transferError } from '../../../src/repository/git-failure.js';

const SUBJECT = {
  action: 'cannot clone',
  url: 'https://h/o/r.git',
  host: 'h',
  hasLogin: false,
  stallMs: 180_000,
  timeoutMs: 60_000,
};

/** What git and its transports say, and the end of our cause line. */
const WORDS: [stderr: string, cause: string, code?: ErrorCode][] = [
  ["fatal: unable to access 'https://h/o/r.git/': Could not resolve host: h", 'there is no host named h'],
  [
    'ssh: Could not resolve hostname h: Name or service not known\nfatal: Could not read from remote repository.',
    'there is no host named h',
  ],
  [
    "fatal: unable to access 'https://h/': Failed to connect to h port 443 after 1 ms: Couldn't connect to server",
    'h refuses the connection',
  ],
  [
    'ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.',
    'h refuses the connection',
  ],
  ['ssh: connect to host h port 22: Connection timed out', 'h does not answer in time'],
  ['ssh: connect to host h port 22: No route to host', 'h cannot be reached (no route to host)'],
  [
    "fatal: could not read Username for 'https://h': terminal prompts disabled",
    'h asks for credentials, and none are configured for it',
  ],
  [
    "warning: redirecting to https://other.example/r.git/\nfatal: could not read Username for 'https://other.example': terminal prompts disabled",
    'h redirects to other.example, which asks for credentials, and gets none of another host',
  ],
  [
    "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h/o/r.git/'",
    'h asks for credentials, and none are configured for it',
  ],
  [
    "fatal: unable to access 'https://h/o/r.git/': The requested URL returned error: 403",
    'h forbids it without credentials',
  ],
  [
    "remote: Repository not found.\nfatal: repository 'https://h/o/r.git/' not found",
    'there is no such repository, or it may only be read with credentials',
  ],
  [
    'ERROR: Repository not found.\nfatal: Could not read from remote repository.',
    'there is no such repository, or it may only be read with credentials',
  ],
  [
    "fatal: '/srv/x' does not appear to be a git repository",
    'there is no such repository, or it may only be read with credentials',
  ],
  [
    '@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.',
    'the ssh key of h is not the one in known_hosts: the host was replaced, or another host poses as it',
  ],
  [
    'Host key verification failed.\nfatal: Could not read from remote repository.',
    'the ssh key of h is not in known_hosts',
  ],
  [
    'git@h: Permission denied (publickey).',
    'h accepts none of the ssh keys offered (permission denied, publickey)',
  ],
  [
    'Load key "/k": error in libcrypto\ngit@h: Permission denied (publickey).',
    'the ssh key /k cannot be used: error in libcrypto',
  ],
  [
    "fatal: unable to access 'https://h/': SSL certificate problem: self-signed certificate",
    'the certificate of h is not trusted (self-signed certificate)',
  ],
  [
    'fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output',
    'there is no space left on the disk of the agent',
    'DISK_FULL',
  ],
  [
    "fatal: couldn't find remote ref refs/pull/9/head",
    'it does not have refs/pull/9/head',
    'REPOSITORY_REVISION',
  ],
  [
    'fatal: remote error: upload-pack: not our ref deadbeef',
    'it does not have deadbeef',
    'REPOSITORY_REVISION',
  ],
  ['error: RPC failed; curl 18 transfer closed\nfatal: early EOF', 'the connection broke off'],
  [
    "error: external filter 'git-lfs filter-process' failed\nfatal: x.bin: smudge filter lfs failed",
    'files that are kept in git LFS cannot be fetched',
  ],
  ["fatal: Unable to create '/c/m.git/HEAD.lock': File exists.", 'the copy on this machine is damaged'],
  ["fatal: Unable to find remote helper for 'foo'", 'git has no transport for foo addresses here'],
  ['warning: x\nfatal: something new', 'something new'],
  ['', 'git ended with status 128'],
];

for (const [stderr, cause, code = 'REPOSITORY_CLONE'] of WORDS) {
  test(`${stderr.split('\n')[0] || 'no words'} → ${cause}`, (t) => {
    const error = transferError(SUBJECT, { exitCode: 128, stdout: '', stderr });
    t.is(error.message, `cannot clone https://h/o/r.git: ${cause}`);
    t.is(error.code, code);
    t.is(error.detail, stderr === '' ? undefined : stderr);
  });
}

test('the cause depends on whether credentials were given', (t) => {
  const stderr = "fatal: Authentication failed for 'https://h/o/r.git/'";
  const error = transferError({ ...SUBJECT, hasLogin: true }, { exitCode: 128, stdout: '', stderr });
  t.is(
    error.message,
    'cannot clone https://h/o/r.git: h refuses the user name or password that is configured for it',
  );
});

test('limits that ended git are named with their keys', (t) => {
  const result = { exitCode: -1, stdout: '', stderr: 'Receiving objects:  10% (1/10)\r' };
  t.is(
    transferError(SUBJECT, { ...result, timedOut: 'stall' }).message,
    'cannot clone https://h/o/r.git: no progress for 180 s (agent.git.stall_timeout_sec)',
  );
  t.is(
    transferError(SUBJECT, { ...result, timedOut: 'total' }).message,
    'cannot clone https://h/o/r.git: not done after 60 s (agent.git.timeout_sec)',
  );
});

test("progress is left out of git's words", (t) => {
  const stderr = [
    "Cloning into bare repository '/c/x.git.new'...",
    'remote: Enumerating objects: 5, done.        ',
    'remote: Counting objects:  20% (1/5)\rremote: Counting objects: 100% (5/5), done.',
    'Receiving objects:  50% (1/2)\rReceiving objects: 100% (2/2), done.',
    'remote: Your licence ends soon.',
    'fatal: fetch-pack failed',
  ].join('\n');
  const { detail } = transferError(SUBJECT, { exitCode: 128, stdout: '', stderr });
  t.is(detail, 'remote: Your licence ends soon.\nfatal: fetch-pack failed');
});

const MARKED: [stderr: string, infrastructure: boolean][] = [
  ['fatal: unable to access: Could not resolve host: h', true],
  ['ssh: connect to host h port 22: Connection refused', true],
  ['ssh: connect to host h port 22: No route to host', true],
  ['error: RPC failed; curl 56 Recv failure: Connection reset by peer', true],
  ['error: object file .git/objects/aa/bb is empty', true],
  ['remote: Repository not found.', false],
  ["fatal: Authentication failed for 'https://h/o/r.git/'", false],
  ["fatal: couldn't find remote ref refs/heads/x", false],
  ['words that nobody knows', false],
];

for (const [stderr, infrastructure] of MARKED) {
  test(`infrastructure is ${infrastructure} for: ${stderr}`, (t) => {
    const result = { exitCode: 128, stdout: '', stderr, timedOut: undefined };
    t.is(transferError(SUBJECT, result).infrastructure, infrastructure);
  });
}
