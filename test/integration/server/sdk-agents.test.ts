import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { pythonOfTool } from '../../support/python-tools.js';
import { resultIn, sdkHome } from '../../support/sdk-script.js';

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
