import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest, userProperties } from '../../support/agent-under-test.js';
import { hookedFront } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

/** Works until its file is removed. */
const HOLDS = `echo on > "$HOME/on-$CLEARML_TASK_ID"
while [ -e "$HOME/on-$CLEARML_TASK_ID" ]; do sleep 0.05; done
`;
const BUDGET = { CLEARML_AGENT__AGENT__SLOTS_CPUS: '4', CLEARML_AGENT__AGENT__SLOTS_MEMORY: '4G' };

async function slotsAgent(t: ExecutionContext) {
  const agent = await agentUnderTest(t, BUDGET);
  const file = (task: string) => path.join(agent.home.folder, `on-${task}`);
  return {
    ...agent,
    start: () => agent.daemon('--slots', '4'),
    asks: (properties: Record<string, string>, queue?: string, fields = {}) =>
      agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: HOLDS }, queue, {
        ...userProperties(properties),
        ...fields,
      }),
    runs: (task: string, context: () => string) =>
      until(async () => existsSync(file(task)), { what: `task ${task} to run`, context }),
    finish: (task: string) => rmSync(file(task)),
  };
}

const status = async (agent: AgentUnderTest, task: string) => (await agent.task(task)).status;

test('tasks in slots take what they state from the budget, also after a restart of the daemon', async (t) => {
  const agent = await slotsAgent(t);
  const daemon = agent.start();
  const large = await agent.asks({ memory: '2G', cpus: '1' });
  const plain = await agent.asks({});
  for (const task of [large, plain]) await agent.runs(task, daemon.output);
  const second = await agent.asks({ memory: '2G' });
  const said = (from: () => string) =>
    until(async () => from().includes('queue default waits for 2G of memory (1G left)'), {
      what: 'the daemon to say why it waits',
      context: from,
    });
  await said(daemon.output);
  t.is(await status(agent, second), 'queued');

  daemon.kill('SIGKILL');
  await daemon.exited;
  const next = agent.start();
  await said(next.output);
  t.is(await status(agent, second), 'queued');
  agent.finish(large);
  await agent.runs(second, next.output);
  const third = await agent.asks({ cpus: '0.5', memory: '1G' });
  await agent.runs(third, next.output);
  for (const task of [plain, second, third]) agent.finish(task);
  for (const task of [large, plain, second, third])
    t.is((await agent.ended(task)).status, 'completed', next.output());
});

test('a task that asks for more than there is fails with its cause, and the next one runs', async (t) => {
  const agent = await slotsAgent(t);
  const over = await agent.asks({ memory: '5G' });
  // Its container's arguments count as well.
  const cpus = await agent.asks({}, undefined, { container: { arguments: '--cpus 6' } });
  const wrong = await agent.asks({ memory: 'lots' });
  const fits = await agent.asks({ memory: '4G', cpus: '4' });
  const daemon = agent.start();
  t.like(await agent.ended(over), { status: 'failed', status_reason: 'asks for more than this agent has' });
  t.regex(
    await agent.log(over),
    /Process failed: the task asks for more than the slots of this daemon have: 5G of memory \(4G in all\)\n/,
  );
  t.is((await agent.ended(cpus)).status, 'failed');
  t.regex(await agent.log(cpus), /6 CPUs \(4 in all\)/);
  t.is((await agent.ended(wrong)).status, 'failed');
  t.regex(await agent.log(wrong), /the user property memory takes .+, got "lots"/);
  await agent.runs(fits, daemon.output);
  agent.finish(fits);
  t.is((await agent.ended(fits)).status, 'completed', daemon.output());
});

test('another task than the one that was read goes back to the front, and is read itself', async (t) => {
  const agent = await slotsAgent(t);
  const small = await agent.asks({ memory: '1G' });
  const large = await agent.asks({ memory: '3G' });
  let moved = false;
  const url = await hookedFront(t, agent.server.url, {
    async before({ endpoint }) {
      if (endpoint !== 'queues.get_next_task' || moved) return;
      moved = true;
      await agent.call('queues.move_task_to_front', { queue: agent.queue, task: large });
    },
  });
  agent.home.env.CLEARML_API_HOST = url;
  const daemon = agent.start();
  await agent.runs(large, daemon.output);
  await agent.runs(small, daemon.output);
  t.regex(daemon.output(), /was free on the machine was for another task of the queue; it is back/);
  t.is((await agent.log(large)).match(/pulled from/g)?.length, 1);
  for (const task of [small, large]) agent.finish(task);
  for (const task of [small, large]) t.is((await agent.ended(task)).status, 'completed');
});

test('a wrong amount in the configuration ends the daemon before it takes a task', async (t) => {
  const agent = await agentUnderTest(t, { CLEARML_AGENT__AGENT__SLOTS_MEMORY: 'plenty' });
  const task = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: 'true\n' });
  const daemon = agent.daemon('--slots', '2');
  const { code } = await daemon.exited;
  t.not(code, 0);
  t.regex(daemon.output(), /agent\.slots_memory takes "machine" or .+, got "plenty"/);
  t.is(await status(agent, task), 'queued');
});
