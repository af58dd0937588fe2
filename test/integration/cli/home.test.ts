import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { agentHome } from '../../support/agent-process.js';
import { startSmallApiServer } from '../../support/small-api-server.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');
const TASK = { id: 'b'.repeat(32), name: 'train', status: 'queued', type: 'training', script: {} };
const QUEUE = { id: 'a'.repeat(32), name: 'default', tags: [] };
const ANSWERS = {
  'debug.ping': { msg: 'pong' },
  'queues.get_default': { id: QUEUE.id, name: 'default' },
  'queues.get_all': { queues: [QUEUE] },
  'queues.get_all_ex': { queues: [QUEUE] },
  'workers.get_all': { workers: [] },
  'tasks.get_all': { tasks: [TASK] },
  'tasks.get_by_id': { task: TASK },
};

/** Rights hold for root, too, when it becomes somebody without an entry in the password database. */
const stranger = process.getuid?.() === 0 ? { uid: 41_234, gid: 41_234 } : {};

async function scene(t: ExecutionContext) {
  const server = await startSmallApiServer({ accessKey: 'AK', secretKey: 'SK', answers: ANSWERS });
  const home = await agentHome({
    CLEARML_API_HOST: server.url,
    CLEARML_API_ACCESS_KEY: 'AK',
    CLEARML_API_SECRET_KEY: 'SK',
    NO_COLOR: '1',
  });
  await chmod(home.folder, 0o755);
  const cwd = path.join(home.folder, 'here');
  await mkdir(cwd);
  if (stranger.uid !== undefined) await chown(cwd, stranger.uid, stranger.gid);
  t.teardown(async () => {
    await server.close();
    await rm(home.folder, { recursive: true, force: true });
  });
  return {
    server,
    folder: home.folder,
    cwd,
    agent: (words: readonly string[], variables: Record<string, string | undefined>) =>
      execa(process.execPath, [SCRIPT, ...words], {
        cwd,
        env: { ...home.env, ...variables },
        extendEnv: false,
        reject: false,
        all: true,
        stdin: 'ignore',
        ...stranger,
      }),
  };
}

for (const home of [undefined, '', 'relative', '/']) {
  test(`HOME ${home === undefined ? 'not set' : `"${home}"`}: commands answer, nothing is left in the current folder`, async (t) => {
    const { agent, cwd } = await scene(t);
    for (const words of [
      ['--version'],
      ['--help'],
      ['config'],
      ['list'],
      ['daemon', '--status'],
      ['cache', 'list'],
    ]) {
      const { all, exitCode } = await agent(words, { HOME: home });
      t.is(exitCode, 0, `${words.join(' ')}: ${all}`);
      t.false(/a bug in the agent/.test(all), all);
      t.is(
        /^warning: HOME is "relative", which is no absolute path; /m.test(all),
        home === 'relative' && !all.startsWith('CLEARML-AGENT version'),
        all,
      );
    }
    const stopped = await agent(['daemon', '--stop'], { HOME: home });
    t.is(stopped.exitCode, 1, stopped.all);
    t.regex(
      stopped.all,
      /Could not find a running clearml-agent instance with worker_name=[^\s=;]+; no agent runs/,
    );
    t.deepEqual(await readdir(cwd), []);
  });
}

/** Commands that keep something in the home. */
const WRITERS: readonly string[][] = [
  ['daemon', '--queue', 'default', '--foreground'],
  ['daemon', '--queue', 'default', '--detached'],
  ['execute', '--id', TASK.id],
  ['server', '--port', '0'],
];

const UNWRITABLE: [name: string, make: (folder: string) => Promise<string>][] = [
  [
    'a folder that this user may not write',
    async (folder) => {
      const home = path.join(folder, 'closed');
      await mkdir(home, { mode: 0o555 });
      return home;
    },
  ],
  [
    'a file',
    async (folder) => {
      await writeFile(path.join(folder, 'file'), '');
      return path.join(folder, 'file');
    },
  ],
  ['a file system without room for folders', async () => '/proc'],
];

for (const [name, make] of UNWRITABLE) {
  test(`HOME is ${name}: one cause, and which variable names another folder`, async (t) => {
    const { agent, folder, server } = await scene(t);
    const home = await make(folder);
    for (const words of WRITERS) {
      const { all, exitCode } = await agent(words, { HOME: home });
      t.true(exitCode === 1 || exitCode === 2, `${words.join(' ')}: ${exitCode} ${all}`);
      const errors = all.split('\n').filter((line) => line.includes('ERROR: '));
      t.is(errors.length, 1, all);
      t.true(errors[0]?.includes(`cannot write ${home}/.clearml/`), all);
      t.regex(all, words[0] === 'server' ? /--folder/ : /CLEARML_AGENT_STATE_DIR/);
      t.false(/ {4}at |a bug in the agent/.test(all), all);
    }
    // A task that cannot be run here stays where it is.
    t.deepEqual(
      server.calls.filter((call) => /^tasks\.(dequeue|started|failed)|^queues\.remove/.test(call)),
      [],
    );
    const elsewhere = await agent(['doctor', '--json'], { HOME: home });
    const { results } = JSON.parse(elsewhere.stdout);
    const disk = results.filter((one: { check: string }) => one.check === 'disk');
    t.true(
      disk.some((one: { state: string; text: string }) => one.state === 'problem' && one.text.includes(home)),
      elsewhere.all,
    );
  });
}

test('the password database has the home that HOME does not name', async (t) => {
  const { folder } = await scene(t);
  const script = "import { homeFolder } from './dist/os/home.js'; console.log(homeFolder({}).folder)";
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script], {
    cwd: path.resolve(import.meta.dirname, '../../..'),
    env: { HOME: folder },
  });
  t.is(stdout, userInfo().homedir);
});
