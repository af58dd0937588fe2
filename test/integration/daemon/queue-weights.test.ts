import { readFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { EIGHT_CARDS, gpuMachine } from '../../support/gpu-machine.js';
import { until } from '../../support/until.js';

/** Notes that it ran. */
const NOTES = `echo "$CLEARML_TASK_ID" >> "$HOME/order"
`;

interface QueueAgent extends AgentUnderTest {
  /** Ids by name. */
  queues: Record<string, string>;
  enqueueTo(queue: string): Promise<string>;
  /** The tasks in the order of their runs. */
  order(): string[];
}

async function queueAgent(t: ExecutionContext, names: readonly string[]): Promise<QueueAgent> {
  const agent = await agentUnderTest(t);
  const queues: Record<string, string> = {};
  for (const name of names)
    queues[name] = (await agent.call<{ id: string }>('queues.create', { name })).id;
  return {
    ...agent,
    queues,
    enqueueTo: (queue) =>
      agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: NOTES }, queues[queue]),
    order: () => readFileSync(path.join(agent.home.folder, 'order'), 'utf8').trim().split('\n'),
  };
}

async function enqueueMany(agent: QueueAgent, counts: Record<string, number>): Promise<Map<string, string>> {
  const queueOf = new Map<string, string>();
  for (const [queue, count] of Object.entries(counts))
    for (let number = 0; number < count; number += 1) queueOf.set(await agent.enqueueTo(queue), queue);
  return queueOf;
}

const queueNames = async ({ call }: AgentUnderTest) =>
  (await call<{ queues: { name: string }[] }>('queues.get_all', {})).queues.map(({ name }) => name);

test('tasks are pulled in the ratio of the weights, and an empty queue holds no other back', async (t) => {
  const agent = await queueAgent(t, ['often', 'seldom']);
  const queueOf = await enqueueMany(agent, { often: 3, seldom: 3 });
  const daemon = agent.agent('daemon', '--queue', 'seldom', 'often:3', '--foreground');
  for (const task of queueOf.keys()) t.is((await agent.ended(task)).status, 'completed');
  const order = agent.order().map((task) => queueOf.get(task));
  t.deepEqual(order, ['often', 'often', 'seldom', 'often', 'seldom', 'seldom'], daemon.output());
  t.regex(daemon.output(), /\| name +\| tags \| weight +\|/);
});

test('weights and sizes go together', async (t) => {
  const agent = await queueAgent(t, ['often', 'seldom']);
  gpuMachine(agent.home, EIGHT_CARDS);
  const queueOf = await enqueueMany(agent, { often: 3, seldom: 2 });
  const words = ['--dynamic-gpus', '--gpus', '0', '--queue', 'seldom:1=1', 'often:3=1'];
  const daemon = agent.agent('daemon', ...words, '--foreground');
  for (const task of queueOf.keys()) t.is((await agent.ended(task)).status, 'completed');
  const order = agent.order().map((task) => queueOf.get(task));
  t.deepEqual(order, ['often', 'often', 'seldom', 'often', 'seldom'], daemon.output());
});

test('a queue that has the name of a weight is that queue', async (t) => {
  const agent = await queueAgent(t, ['team', 'team:3']);
  const task = await agent.enqueueTo('team:3');
  agent.agent('daemon', '--queue', 'team:3', '--create-queue', '--foreground');
  t.is((await agent.ended(task)).status, 'completed');
});

test('a queue is created without its weight', async (t) => {
  const agent = await agentUnderTest(t);
  const daemon = agent.agent('daemon', '--queue', 'fresh:3', 'also:fresh', '--create-queue', '--foreground');
  await until(async () => daemon.output().includes('Listening'), {
    what: 'the daemon',
    context: daemon.output,
  });
  t.deepEqual((await queueNames(agent)).toSorted(), ['also:fresh', 'default', 'fresh']);
});

const REFUSED: readonly [words: readonly string[], problem: RegExp][] = [
  [['one:0', 'two'], /--queue "one:0": a weight is a whole number from 1 to 1000, got "0"/],
  [['one:-2', 'two'], /--queue "one:-2": a weight is .*, got "-2"/],
  [['one:0.5', 'two'], /got "0.5"/],
  [['one:1001', 'two'], /got "1001"/],
  [['one:3x', 'two', '--create-queue'], /got "3x"/],
  [['one:many', 'two'], /--queue "one:many": a weight is .*, got "many"/],
  [['one:', 'two'], /--queue "one:": a weight is .*, got ""/],
  [['none:many', 'two'], /could not find queue with name or id "none:many"/],
  [['none:3', 'two'], /could not find queue with name or id "none"/],
  [['one:3', 'one:1', 'two'], /--queue: "one" is named twice/],
  [['one:3', 'two', 'one'], /--queue: "one" is named twice/],
  [['one:3'], /a weight has no effect on the only queue/],
  [['one:3', 'two', '--order-fairness'], /--order-fairness and weights in --queue are both given/],
];

test('wrong weights are refused in one line before a task is taken', async (t) => {
  const agent = await queueAgent(t, ['one', 'two']);
  const tasks = [await agent.enqueueTo('one'), await agent.enqueueTo('two')];
  for (const [words, problem] of REFUSED) {
    const daemon = agent.agent('daemon', '--foreground', '--queue', ...words);
    t.is((await daemon.exited).code, 2, `${words.join(' ')}: ${daemon.output()}`);
    t.regex(daemon.output(), problem, words.join(' '));
  }
  for (const task of tasks) t.is((await agent.task(task)).status, 'queued');
  t.deepEqual((await queueNames(agent)).toSorted(), ['default', 'one', 'two']);
});
