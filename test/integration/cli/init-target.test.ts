import { lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../src/config/load.js';
import { onSmallDisk, smallDisk } from '../../support/small-disk.js';
import type { TerminalStep } from '../../support/terminal.js';
import { person } from '../../support/wizard-person.js';

const ENTER = '\r';
const ANSWERS = '\n\n\ns\nme\ntoken-of-git\n\n\n\n';

/** What stands in the way of the file. Each gives its path, below a folder of the test's own. */
const TARGETS: [name: string, make: (folder: string) => Promise<string>, why: RegExp][] = [
  [
    'a folder that is missing',
    async (folder) => path.join(folder, 'no/such/x.conf'),
    /its folder does not exist$/,
  ],
  [
    'a folder in its place',
    async (folder) => {
      await mkdir(path.join(folder, 'x.conf'));
      return path.join(folder, 'x.conf');
    },
    /a folder has that name$/,
  ],
  [
    'a file on its path',
    async (folder) => {
      await writeFile(path.join(folder, 'file'), '');
      return path.join(folder, 'file/x.conf');
    },
    /its path leads through a file$/,
  ],
  [
    'a link to itself',
    async (folder) => {
      await symlink('x.conf', path.join(folder, 'x.conf'));
      return path.join(folder, 'x.conf');
    },
    /a link on its path leads to itself$/,
  ],
  [
    'a link into a folder that is missing',
    async (folder) => {
      await symlink('/nonexistent/agent/x.conf', path.join(folder, 'x.conf'));
      return path.join(folder, 'x.conf');
    },
    /its folder does not exist$/,
  ],
  ['a folder that takes no files', async () => '/proc/x.conf', /its folder does not exist$/],
];

for (const [name, make, why] of TARGETS) {
  test(`a pipe: ${name} leaves the answers in another private file`, async (t) => {
    const { pipes, block, home } = await person(t);
    const file = await make(home.folder);
    const { shown, status } = await pipes(`${block}${ANSWERS}`, ['--config-file', file, 'init']);
    t.is(status, 2, shown);
    const [cause = ''] = shown.split('\n').filter((line) => line.includes('ERROR: '));
    t.true(cause.startsWith(`clearml_agent: ERROR: cannot write ${file}: `), shown);
    t.regex(cause, why);
    await checkKept(t, shown);
  });
}

async function checkKept(t: Parameters<typeof person>[0], shown: string): Promise<void> {
  const kept = /Your answers are in (\S+) \(mode 600\)/.exec(shown)?.[1] ?? '';
  t.is((await stat(kept)).mode & 0o777, 0o600);
  const config = loadConfig({ env: {}, home: '/', configFile: kept });
  t.is(config.api.credentials.secretKey, 'the-secret');
  t.is(config.agent.gitPass, 'token-of-git');
  t.false(/the-secret|token-of-git/.test(shown), shown);
}

onSmallDisk('a pipe: a full disk leaves the answers in the home', async (t) => {
  const { pipes, block } = await person(t);
  const disk = smallDisk(t, 1);
  await writeFile(path.join(disk, 'filler'), Buffer.alloc(1 << 20)).catch(() => undefined);
  const words = ['--config-file', path.join(disk, 'x.conf'), 'init'];
  const { shown, status } = await pipes(`${block}${ANSWERS}`, words);
  t.is(status, 2, shown);
  t.regex(shown, /ERROR: cannot write \S+x\.conf: no space left on the disk/);
  await checkKept(t, shown);
});

onSmallDisk('a pipe: a section for a file on a full disk is kept with what the file has', async (t) => {
  const { pipes } = await person(t);
  const disk = smallDisk(t, 1);
  const file = path.join(disk, 'x.conf');
  const before = 'api { credentials { secret_key: "the-secret" } }\n';
  await writeFile(file, before, { mode: 0o600 });
  await writeFile(path.join(disk, 'filler'), Buffer.alloc(1 << 20)).catch(() => undefined);
  const { shown, status } = await pipes('y\nme\ntoken-of-git\n\n\n\n', ['--config-file', file, 'init']);
  t.is(status, 2, shown);
  await checkKept(t, shown);
  t.is(await readFile(file, 'utf8'), before);
});

test('a link is followed, to nothing too', async (t) => {
  const { pipes, block, home, file, config } = await person(t);
  const real = path.join(home.folder, 'real.conf');
  await symlink('real.conf', file);
  for (const input of [`${block}${ANSWERS}`, 'y\nother\ntoken-of-other\n\n\n\n']) {
    const { shown, status } = await pipes(input);
    t.is(status, 0, shown);
    t.true((await lstat(file)).isSymbolicLink());
    t.is((await stat(real)).mode & 0o777, 0o600);
  }
  t.is(config().agent.gitUser, 'other');
  t.is(config().api.credentials.secretKey, 'the-secret');
});

test('a terminal: another file is asked for until one can be written', async (t) => {
  const { types, block, home } = await person(t);
  const taken = path.join(home.folder, 'taken.conf');
  await writeFile(taken, 'agent {}\n');
  const questions = [
    'Paste copied',
    'WEB Host',
    'API Host',
    'File Store',
    'Default Output URI',
    'git username',
  ];
  const asked: TerminalStep[] = questions.flatMap((wait, at) => [
    { wait },
    { type: at === 0 ? block : ENTER },
  ]);
  const { shown, status } = await types(
    [
      ...asked,
      { wait: 'extra-index-url' },
      { type: ENTER },
      { wait: 'Name of this machine' },
      { type: `box-7${ENTER}` },
      { wait: 'its folder does not exist. Your answers are kept.' },
      { wait: 'to which file instead?' },
      { type: `/proc/y.conf${ENTER}` },
      { wait: 'cannot write /proc/y.conf' },
      { wait: 'to which file instead?' },
      { type: `${taken}${ENTER}` },
      { wait: 'exists already; name a new file.' },
      { wait: 'to which file instead?' },
      { type: `~/new.conf${ENTER}` },
      { wait: 'setup completed successfully' },
    ],
    ['--config-file', path.join(home.folder, 'no/such/x.conf'), 'init'],
  );
  t.is(status, 0, shown);
  const written = path.join(home.folder, 'new.conf');
  t.true(shown.includes(`The agent reads it with CLEARML_CONFIG_FILE=${written}.`), shown);
  t.is((await stat(written)).mode & 0o777, 0o600);
  t.is(loadConfig({ env: {}, home: '/', configFile: written }).agent.workerName, 'box-7');
  t.is(await readFile(taken, 'utf8'), 'agent {}\n');
});
