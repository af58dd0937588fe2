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

const SCRIPTS: Readonly<Record<SdkName, readonly string[]>> = {
  clearml: Object.keys(RESULTS),
  'old-clearml': ['models', 'datasets'],
};

for (const sdk of ['clearml', 'old-clearml'] as const) {
  for (const script of SCRIPTS[sdk]) {
    test.serial(`${sdk}: ${script}.py reads back what it wrote`, async (t) => {
      const { server } = await serverUnderTest(t);
      const home = await sdkHome(t, server, sdk);
      t.deepEqual(resultIn(await home.run(script)), RESULTS[script]);
    });
  }
}

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
