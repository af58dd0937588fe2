import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pythonOfTool } from '../../support/python-tools.js';
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

test.serial(
  'searches by grid, at random and by Optuna find the best copy, which an agent runs',
  async (t) => {
    const one = await agentUnderTest(t, {
      CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: await pythonOfTool('clearml'),
    });
    one.daemon('--slots', '2');
    const home = await sdkHome(t, one.server);
    t.deepEqual(resultIn(await home.run('searches')), {
      GridSearch: ['3'],
      RandomSearch: ['3'],
      OptimizerOptuna: ['3'],
    });
  },
);

test.serial(
  'the controller of a decorated pipeline runs in a queue, and so does a copy with another parameter',
  async (t) => {
    const one = await agentUnderTest(t, {
      CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: await pythonOfTool('clearml'),
    });
    one.daemon('--slots', '2');
    one.agent('daemon', '--queue', 'services', '--create-queue', '--services-mode', '--foreground');
    const home = await sdkHome(t, one.server);
    // Seven processes import the SDK, one after the other.
    t.timeout(600_000);
    await home.run('decorated_pipeline');
    const { tasks } = await one.call<{ tasks: { id: string }[] }>('tasks.get_all', {
      type: ['controller'],
      only_fields: ['id'],
    });
    const [controller] = tasks.map(({ id }) => id);
    if (controller === undefined) throw new Error('the script made no controller');
    const outcome = async (id: string) => {
      const { status } = await one.ended(id, 250_000);
      const log = await one.log(id);
      t.is(status, 'completed', log);
      return resultIn<number>(log);
    };
    t.is(await outcome(controller), 6);
    const { id: copy } = await one.call<{ id: string }>('tasks.clone', { task: controller });
    await one.call('tasks.edit_hyper_params', {
      task: copy,
      hyperparams: [{ section: 'Args', name: 'count', value: '5' }],
    });
    await one.call('tasks.enqueue', { task: copy, queue_name: 'services' });
    t.is(await outcome(copy), 10);
  },
);

test.serial('clearml-task puts a script into a queue, and an agent runs it', async (t) => {
  const one = await agentUnderTest(t, {
    CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: await pythonOfTool('clearml'),
  });
  one.daemon();
  const home = await sdkHome(t, one.server);
  const script = path.join(home.folder, 'add.py');
  await writeFile(
    script,
    "import argparse\np = argparse.ArgumentParser()\np.add_argument('--a', type=int)\nprint('RESULT', p.parse_args().a + 1)\n",
  );
  const printed = await home.command(
    'clearml-task',
    ...['--project', 'Commands', '--name', 'from clearml-task', '--script', script],
    ...['--packages', 'clearml', '--args', 'a=41', '--queue', 'default'],
  );
  const id = /id=([0-9a-f]{32})/.exec(printed)?.[1] ?? '';
  const { status } = await one.ended(id, 120_000);
  t.is(status, 'completed', await one.log(id));
  t.is(resultIn(await one.log(id)), 42);
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
