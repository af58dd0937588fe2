import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { resultIn, type SdkName, sdkHome, sdkScriptText } from '../../support/sdk-script.js';

/** By script of `fixtures/server/sdk`: what it reads back. */
const RESULTS: Readonly<Record<string, unknown>> = {
  models: {
    same: true,
    found: [true],
    absent: 0,
    published: true,
    labels: { cat: 1 },
    design: { layers: 2 },
    framework: 'PyTorch',
    tags: ['first'],
    system_tags: ['archived'],
    metadata: '0.9',
    output_of: ['net'],
    input_of: ['net'],
  },
  datasets: {
    newest: true,
    version: '1.0.1',
    files: ['a.txt', 'b.txt'],
    a: 'second',
    b: 'b',
    listed: ['words', 'words'],
    about: { rows: 2 },
    left: 1,
  },
  pipelines: {
    total: '6',
    status: 'completed',
    steps: ['load', 'total'],
    statuses: ['completed', 'completed'],
    type: 'controller',
  },
  task_schedules: { copies: ['template'] },
  model_triggers: { copies: ['template'] },
};

const SCRIPTS = {
  clearml: ['models', 'datasets', 'pipelines', 'task_schedules', 'model_triggers'],
  'old-clearml': ['models', 'datasets'],
} as const satisfies Partial<Record<SdkName, readonly string[]>>;

for (const sdk of ['clearml', 'old-clearml'] as const) {
  for (const script of SCRIPTS[sdk]) {
    test.serial(`${sdk}: ${script}.py reads back what it wrote`, async (t) => {
      const { server } = await serverUnderTest(t);
      const home = await sdkHome(t, server, sdk);
      t.deepEqual(resultIn(await home.run(script)), RESULTS[script]);
    });
  }
}

test.serial('the old SDK works with a server on one port, below the path of a proxy', async (t) => {
  const { server } = await serverUnderTest(t, { onePort: true, pathPrefix: '/clearml' });
  const base = `${new URL(server.url).origin}/clearml`;
  const addresses = { url: `${base}/api`, filesUrl: `${base}/files`, webUrl: base };
  const home = await sdkHome(t, { ...server, ...addresses }, 'old-clearml');
  t.deepEqual(resultIn(await home.run('models')), RESULTS.models);
  t.deepEqual(resultIn(await home.run('datasets')), RESULTS.datasets);
});

test.serial('clearml-data keeps versions of files and gives them back', async (t) => {
  const { server } = await serverUnderTest(t);
  const home = await sdkHome(t, server);
  const data = path.join(home.folder, 'data');
  await mkdir(data);
  await writeFile(path.join(data, 'a.txt'), 'first');
  const made = await home.command('clearml-data', 'create', '--project', 'Data', '--name', 'words');
  const id = /id=(\w+)/.exec(made)?.[1] ?? '';
  await home.command('clearml-data', 'add', '--files', data);
  await home.command('clearml-data', 'close');
  t.regex(await home.command('clearml-data', 'search', '--project', 'Data'), new RegExp(id));
  const copy = path.join(home.folder, 'copy');
  await home.command('clearml-data', 'get', '--id', id, '--copy', copy);
  t.is(await readFile(path.join(copy, 'a.txt'), 'utf8'), 'first');
});

test.serial('a task with a fresh environment makes and reads models', async (t) => {
  t.timeout(300_000);
  const one = await agentUnderTest(t);
  one.daemon();
  const { id: project } = await one.call<{ id: string }>('projects.create', { name: 'Models' });
  const script = {
    entry_point: 'models.py',
    diff: await sdkScriptText('models'),
    requirements: { pip: 'clearml==2.1.12' },
  };
  const id = await one.enqueue(script, one.queue, { project });
  const { status } = await one.ended(id, 280_000);
  const log = await one.log(id);
  t.is(status, 'completed', log);
  t.deepEqual(resultIn(log), RESULTS.models);
});
