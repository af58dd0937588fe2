import test, { type ExecutionContext } from 'ava';
import type { AgentUnderTest } from '../../support/agent-under-test.js';
import { type AppsAgent, appsAgent } from '../../support/apps-agent.js';
import { until } from '../../support/until.js';

/** An agent and one of the examples, uploaded. */
async function appsUnderTest(t: ExecutionContext, name: string): Promise<AppsAgent> {
  const agent = await appsAgent(t);
  await agent.call('apps.upload', { archive: (await agent.archive(name)).toString('base64') });
  return agent;
}

async function results({ call }: AgentUnderTest, task: string): Promise<Record<string, string>> {
  const { instance } = await call<{
    instance: { hyperparams: { Results: Record<string, { value: string }> } };
  }>('apps.get_instance', { task });
  return Object.fromEntries(
    Object.entries(instance.hyperparams.Results).map(([name, { value }]) => [name, value]),
  );
}

/** What the trials run: the loss is smallest at x = 2. */
const TRIAL = `from clearml import Task
task = Task.init(auto_connect_frameworks=False, auto_resource_monitoring=False)
x = float(task.get_parameter("General/x"))
task.get_logger().report_scalar("loss", "loss", (x - 2) ** 2, 0)
`;

test.serial('the disk usage example measures, shows it in its dashboard and is stopped', async (t) => {
  const agent = await appsUnderTest(t, 'disk-usage');
  const parameters = { paths: '/\n/nowhere', every_seconds: 0.5 };
  const { id } = await agent.call<{ id: string }>('apps.launch', { app: 'disk-usage', parameters });
  await until(async () => (await results(agent, id)).state !== 'waits', {
    what: 'a measurement',
    timeoutMs: 120_000,
  });
  t.regex((await results(agent, id)).fullest ?? '', /^\/ \d+\.\d %$/);
  const { dashboard } = await agent.call<{ dashboard: { contents: { text: string }[] }[] }>(
    'apps.get_instance',
    { task: id },
  );
  t.regex(dashboard[0]?.contents[0]?.text ?? '', />\/ \d+\.\d %</);
  const plots = await until(
    async () => {
      const answer = await agent.call<{ plots: { metric: string }[] }>('events.get_task_plots', { task: id });
      return answer.plots.length > 0 && answer.plots;
    },
    { what: 'the table' },
  );
  t.is(plots[0]?.metric, 'Folders');
  await agent.call('apps.stop_instance', { task: id });
  t.is((await agent.ended(id)).status, 'stopped');
  t.regex(await agent.log(id), /\/nowhere: .*No such file/);
});

test.serial('the sweep example runs its trials on the grid and finds the best one', async (t) => {
  const agent = await appsUnderTest(t, 'parameter-sweep');
  const { id: template } = await agent.call<{ id: string }>('tasks.create', {
    name: 'template',
    type: 'training',
    script: { binary: 'python3', entry_point: 'trial.py', working_dir: '.', diff: TRIAL },
    hyperparams: { General: { x: { section: 'General', name: 'x', value: '0' } } },
  });
  const { id } = await agent.call<{ id: string }>('apps.launch', {
    app: 'parameter-sweep',
    name: 'sweep',
    parameters: {
      template,
      queue: agent.appsQueue,
      parameters: [{ name: 'General/x', kind: 'range', from: 1, to: 3, steps: 3 }],
    },
  });
  const { status } = await agent.ended(id, 170_000);
  t.is(status, 'completed', await agent.log(id));
  t.like(await results(agent, id), {
    best: 'sweep trial 1',
    best_value: '0',
    best_parameters: 'General/x = 2.0',
    finished: '3',
    planned: '3',
  });
  const { task } = await agent.call<{ task: { application: object } }>('tasks.get_by_id', { task: id });
  t.like(task.application, { id: 'parameter-sweep', resumable: true });
});
