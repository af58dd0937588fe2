import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import test from 'ava';
import { COMMANDS } from '../../../src/cli/commands.js';
import { runProgram } from '../../../src/cli/program.js';
import type { AgentError } from '../../../src/errors.js';

const HOME = mkdtempSync(path.join(tmpdir(), 'program-test-'));

const CONFIGURED = {
  CLEARML_API_HOST: 'http://127.0.0.1:1',
  CLEARML_API_ACCESS_KEY: 'key',
  CLEARML_API_SECRET_KEY: 'secret',
};

/** Runs a command line of a user who has configured nothing, or only this. */
async function agent(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out = new PassThrough();
  const err = new PassThrough();
  const outcome = await runProgram(words, {
    env,
    home: HOME,
    stdout: out,
    stderr: err,
    stdin: Readable.from([]),
  }).then(
    (status) => ({ status, error: undefined }),
    (error: AgentError) => ({ status: error.exitStatus, error }),
  );
  return { ...outcome, shown: String(out.read() ?? ''), warned: String(err.read() ?? '') };
}

const REFUSED: [words: string[], message: string | RegExp, hint?: string | RegExp][] = [
  [['dameon'], "unknown command 'dameon'", 'Did you mean daemon? See "agent --help".'],
  [['install-bootstrap', '--check'], 'install-bootstrap is not needed here', /nothing to install/],
  [['daemon', '--dynamic-gpus', '--cpu-only'], '--dynamic-gpus and --cpu-only are both given', /--slots/],
  [['--nothing'], "unknown option '--nothing'", 'See "agent --help".'],
  [['daemon', '--nothing'], "daemon: unknown option '--nothing'", 'See "agent daemon --help".'],
  [['daemon', 'extra'], /^daemon: too many arguments/],
  [['daemon', '--gpus'], "daemon: option '--gpus <list>' argument missing"],
  [['daemon', '--fore', '--sta'], /"--sta" could be any of --status, --standalone-mode/],
  [['daemon', '--gpus', '3-1'], /^--gpus "3-1": the range 3-1 runs backwards$/],
  ...['soon', '', '0', '-1', 'NaN', 'Infinity', '1e9', '0x10', '86401', '1,5'].map(
    (text): [string[], RegExp] => [
      ['daemon', `--polling-interval=${text}`],
      /^--polling-interval takes a number of seconds from 0.1 to 86400, such as 0.5, got "/,
    ],
  ),
  ...['0', '-2', '', 'NaN', '1.5', '1e3', '0x10', '10001', '99999999999999999999', '-0'].map(
    (text): [string[], RegExp] => [
      ['daemon', `--services-mode=${text}`],
      /^--services-mode takes the number of tasks that may run at once, from 1 to 10000, got "/,
    ],
  ),
  ...['-1', '', 'NaN', '1.5', '65463', '65500', '65536', '0x50', '8e3', 'http'].map(
    (text): [string[], RegExp] => [
      ['server', `--port=${text}`],
      /^--port takes a whole number from 0 to 65462, got "/,
    ],
  ),
  ...['prune', 'cache prune'].flatMap((command) =>
    ['-1d', '', 'NaN', '1.5d', '4 days', '36501', '99999999999999999999d'].map((text): [string[], RegExp] => [
      [...command.split(' '), `--older-than=${text}`],
      /^--older-than takes a time of at most 100 years such as 96h, 4d or 30m, got "/,
    ]),
  ),
  ...['', ' ', '-1', '0,', 'x', '1.5.2', '99999', '0,0', '0,0:1', '0-2,1.0'].map(
    (text): [string[], RegExp] => [['daemon', `--gpus=${text}`], /^--gpus "/],
  ),
  ...['', '2.7', '3.x', 'latest', '-3'].map((text): [string[], RegExp] => [
    ['build', '--id=x', `--python-version=${text}`],
    /--python-version (?:takes a version of Python 3|needs a value)/,
  ]),
  [['daemon', '--queue', '--foreground'], "daemon: option '--queue <names...>' argument missing"],
  [['daemon', '--queue'], "daemon: option '--queue <names...>' argument missing"],
  [['execute', '--id', '--clone'], "execute: option '--id <task>' argument missing"],
  [['execute', '--id', 'a', '--id'], "execute: option '--id <task>' argument missing"],
  [['execute', '--git-pass', '--docker'], "execute: option '--git-pass <secret>' argument missing"],
  ...(
    [
      ['daemon', '--queue'],
      ['daemon', '--child-report-tags'],
      ['daemon', '--stop'],
      ['execute', '--id'],
      ['execute', '--log-file'],
      ['server', '--folder'],
      ['server', '--host'],
      ['prune', '--label'],
      ['doctor', '--queue'],
      ['doctor', '--repository'],
      ['build', '--target'],
      ['demo', '--folder'],
      ['daemon', '--docker'],
      ['daemon', '--podman'],
      ['execute', '--docker'],
      ['build', '--podman'],
    ] as const
  ).flatMap(([command, flag]): [string[], RegExp, RegExp][] => [
    [
      [command, flag, ''],
      new RegExp(`^${command}: ${flag} needs a value, got an empty text$`),
      /leave the flag out/,
    ],
    [[command, `${flag}= `], new RegExp(`^${command}: ${flag} needs a value, got an empty text$`), /shell/],
  ]),
  [['daemon', '--docker', '', '-v', '/a:/b'], 'daemon: --docker needs a value, got an empty text'],
  [['daemon', '--queue', 'a', ''], 'daemon: --queue needs a value, got an empty text'],
  [['daemon', '--queue', 'de\nfault'], 'daemon: --queue has a control character in its value (U+000A)'],
  [['execute', '--id', 'x\u001b[2J'], 'execute: --id has a control character in its value (U+001B)'],
  [
    ['daemon', '--git-pass', 'se\u0000cret'],
    'daemon: --git-pass has a control character in its value (U+0000)',
  ],
  [['daemon', '--stop', 'a\rb'], 'daemon: --stop has a control character in its value (U+000D)'],
  [['--config-file', '', 'list'], '--config-file needs a value, got an empty text'],
  [['--config-file=', 'list'], '--config-file needs a value, got an empty text'],
  [['--config-file', 'a\nb', 'list'], '--config-file has a control character in its value (U+000A)'],
  [
    ['logs', ''],
    'logs: <task> needs a value, got an empty text',
    'Perhaps a variable of the shell is not set.',
  ],
  [
    ['stop', ' '],
    'stop: <task> needs a value, got an empty text',
    'Perhaps a variable of the shell is not set.',
  ],
  [['stop', 'a\nb'], 'stop: <task> has a control character in its value (U+000A)'],
  ...['get', 'validate'].map((action): [string[], string] => [
    ['config', action, ''],
    `config ${action} needs a value, got an empty text`,
  ]),
  ...['pause', 'resume', 'drain'].map((command): [string[], string, RegExp] => [
    [command, '--worker', 'a', '--all'],
    '--worker and --all are both given',
    /^Give --worker for one daemon/,
  ]),
  [['service', 'print', '--', '--queue', 'a', '--nope'], /^daemon: unknown option '--nope'/],
  [
    ['service', 'install', '--', '--stop'],
    /^a service runs a daemon; --stop, --resume and --status are not for it/,
  ],
  [['daemon', '--services-mode', 'many'], /^--services-mode takes the number .*got "many"$/],
  [['daemon', '--log-level', 'loud'], /^--log-level takes one of DEBUG, .*got "loud"$/],
  [['execute', '--log-file'], "execute: option '--log-file <path>' argument missing"],
  [['execute'], /^execute needs --id/],
  [['config', 'set'], /^config takes get or validate/],
  [['completion'], "completion: missing required argument 'shell'", 'See "agent completion --help".'],
  [['@/nonexistent/words'], /^cannot read the arguments file \/nonexistent\/words: ENOENT/],
  [['daemon'], /^not configured: the API server .* and credentials/, /agent init/],
];

for (const [words, message, hint] of REFUSED) {
  test(`"${words.join(' ')}" is one line and status 2`, async (t) => {
    const { status, error, shown } = await agent(words);
    t.is(status, 2);
    if (typeof message === 'string') t.is(error?.message, message);
    else t.regex(error?.message ?? '', message);
    if (typeof hint === 'string') t.is(error?.hint, hint);
    else if (hint !== undefined) t.regex(error?.hint ?? '', hint);
    t.is(shown, '');
  });
}

const CONTRADICTIONS: [words: string[], message: RegExp, env?: Record<string, string>][] = [
  [['daemon', '--stop', '--status'], /^--stop and --status are both given/],
  [['daemon', '--stop', '--resume'], /^--stop and --resume are both given/],
  [['daemon', '--resume', '--drain'], /^--drain says how a daemon is stopped, so it needs --stop/],
  [['daemon', '--cpu-only', '--gpus', '0'], /^--cpu-only and --gpus 0 are both given$/],
  [['execute', '--id', 'x', '--cpu-only', '--gpus=all'], /^--cpu-only and --gpus all are both given$/],
  [['build', '--id', 'x', '--cpu-only', '--gpus', '0'], /^--cpu-only and --gpus 0 are both given$/],
  [['daemon', '--detached', '--foreground'], /^--detached and --foreground are both given$/],
  [['daemon', '--foreground', '-d'], /^--detached and --foreground are both given$/],
  [['service', 'print', '--', '--detached'], /^--detached and --foreground are both given$/],
  [
    ['execute', '--id', 'x', '--disable-monitoring', '--full-monitoring'],
    /^--disable-monitoring and --full-monitoring are both given$/,
  ],
  [['execute', '--id', 'x', '--clone', '--require-queue'], /^--clone and --require-queue are both given$/],
  [
    ['execute', '--id', 'x', '--docker', '--dry-run', '--log-file', '/nonexistent/x'],
    /^--dry-run and --log-file are both given$/,
  ],
  [['execute', '--id', 'x', '--dry-run'], /^--dry-run prints how a container is run, so it needs --docker/],
  [
    ['build', '--id', 'x', '--install-globally', '--docker'],
    /^--install-globally and --docker are both given$/,
  ],
  [
    ['build', '--id', 'x', '--podman', '--install-globally'],
    /^--install-globally and --podman are both given$/,
  ],
  [['build', '--id', 'x', '--entry-point', 'clone_task'], /^build --entry-point is about an image/],
  [['cache', 'prune', '--all', '--older-than', '1d'], /^--all and --older-than are both given$/],
  [['cache', 'list', '--all'], /^cache list takes no flag but --json/],
  [['entrypoint', '--dry-run', '--health'], /^--dry-run and --health are both given$/],
  [['service', 'status', '--run-as', 'root', '--system'], /^service status: --run-as is for service install/],
  [['service', 'print', '--run-as', 'root'], /^service: --run-as needs --system$/],
  [['service', 'print', '--follow'], /^service print: --follow is for service logs$/],
  [['service', 'print', '--no-start'], /^service print: --no-start is for service install$/],
  [
    ['service', 'print', '--system', '--run-as', 'nobody-here'],
    /^service: --run-as: this machine has no user "nobody-here"$/,
  ],
  [['service', 'print', '--system', '--run-as', '-x'], /^service: --run-as: this machine has no user "-x"$/],
  [['daemon', '--uptime', '9 MON', '--downtime', '9 TUE'], /^--uptime and --downtime are both given/],
  [['daemon', '--uptime', '17-20', 'TUE'], /^--uptime: the entry "17-20" is malformed/],
  [
    ['daemon'],
    /^variable CLEARML_AGENT__AGENT__GIT_USER: agent\.git_user: expected a text, found \["a"\]$/,
    { CLEARML_AGENT__AGENT__GIT_USER: '[a]' },
  ],
  [
    ['list'],
    /^variable CLEARML_AGENT__AGENT__DEBUG: agent\.debug: expected/,
    { CLEARML_AGENT__AGENT__DEBUG: 'perhaps' },
  ],
];

for (const [words, message, env = {}] of CONTRADICTIONS) {
  test(`"${[...Object.values(env), ...words].join(' ')}" ends before the server is asked`, async (t) => {
    const { status, error } = await agent(words, { ...CONFIGURED, ...env });
    t.is(status, 2);
    t.regex(error?.message ?? '', message);
  });
}

for (const words of [[], ['--debug'], ['--help'], ['daemon', '--help'], ['daemon', '-h']]) {
  test(`"${words.join(' ')}" prints the help`, async (t) => {
    const { status, shown, warned } = await agent(words);
    t.deepEqual([status, warned], [0, '']);
    t.regex(shown, /^CLEARML-AGENT AI Orchestration DevOps\n\nUsage: agent /);
  });
}

test('a flag of old scripts gets a warning that it has no effect, and is not offered', async (t) => {
  const { warned } = await agent(['daemon', '--force-current-version']);
  t.regex(warned, /^warning: daemon --force-current-version has no effect: containers hold no agent/);
  t.notRegex((await agent(['daemon', '--help'])).shown, /force-current-version/);
});

test('a file of words may hold the command too, and the value of a flag may be named like one', async (t) => {
  const file = path.join(HOME, 'words');
  writeFileSync(file, 'config\nget\nagent.package_manager.type\n');
  t.like(await agent([`@${file}`]), { status: 0, shown: 'pip\n' });
  const { error } = await agent(['--config-file', 'daemon', 'config']);
  t.regex(error?.message ?? '', /expected a configuration file, found nothing at \S*daemon$/);
});

test('every flag that contradicts another is a flag of its command', (t) => {
  for (const { name, flags, contradictions = [] } of COMMANDS) {
    const known = flags.flatMap((flag) => flag.flags.split(/[ ,]+/));
    for (const flag of contradictions.flatMap((one) => one.flags))
      t.true(known.includes(flag), `${name} ${flag}`);
  }
});
