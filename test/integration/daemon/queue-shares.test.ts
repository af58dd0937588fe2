import test from 'ava';
import type { AgentUnderTest } from '../../support/agent-under-test.js';
import { EIGHT_CARDS, gpuMachine } from '../../support/gpu-machine.js';
import { type QueueAgent, queueAgent } from '../../support/queue-agent.js';
import { until } from '../../support/until.js';

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
  const agent = await queueAgent(t, []);
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
  [['one', 'one'], /--queue: "one" is named twice/],
  [['one', 'two', 'one', '--order-fairness'], /--queue: "one" is named twice/],
  [['one', 'one', '--slots', '2'], /--queue: "one" is named twice/],
  [['one:3', 'one:1', 'two'], /--queue: "one" is named twice/],
  [['one:3', 'two', 'one'], /--queue: "one" is named twice/],
  [['one:3'], /a weight has no effect on the only queue/],
  [['one', '--queue-limit', 'two=1'], /--queue-limit "two=1": this daemon serves no queue "two" \(one\)/],
  [['one', '--queue-limit', 'one=0'], /--queue-limit "one=0": a limit is a whole number from 1/],
  [['one:3', 'two', '--order-fairness'], /--order-fairness and weights in --queue are both given/],
];

test('wrong weights and limits are refused in one line before a task is taken', async (t) => {
  const agent = await queueAgent(t, ['one', 'two']);
  const tasks = [await agent.enqueueTo('one'), await agent.enqueueTo('two')];
  const byId = [['one', agent.queues.one ?? ''], /--queue: "one" is named twice/] as const;
  for (const [words, problem] of [...REFUSED, byId]) {
    const daemon = agent.agent('daemon', '--foreground', '--queue', ...words);
    t.is((await daemon.exited).code, 2, `${words.join(' ')}: ${daemon.output()}`);
    t.regex(daemon.output(), problem, words.join(' '));
  }
  for (const task of tasks) t.is((await agent.task(task)).status, 'queued');
  t.deepEqual((await queueNames(agent)).toSorted(), ['default', 'one', 'two']);
});

test('no more tasks of a queue run than its limit, also after the daemon was killed', async (t) => {
  const agent = await queueAgent(t, ['few', 'many']);
  const words = ['--queue', 'few', 'many', '--slots', '4', '--queue-limit', 'few=1', '--foreground'];
  const daemon = agent.agent('daemon', ...words);
  const [first, second] = [await agent.enqueueTo('few', 'holds'), await agent.enqueueTo('few', 'holds')];
  const others = [await agent.enqueueTo('many', 'holds'), await agent.enqueueTo('many', 'holds')];
  for (const task of [first, ...others]) await agent.running(task);
  t.is((await agent.task(second)).status, 'queued');
  t.regex(daemon.output(), /\| tags \| limit +\|/);

  daemon.kill('SIGKILL');
  await daemon.exited;
  const next = agent.agent('daemon', ...words);
  await until(async () => next.output().match(/attached again/g)?.length === 3, {
    what: 'the runs',
    context: next.output,
  });
  // It runs after the waiting task has been passed over.
  const last = await agent.enqueueTo('many', 'holds');
  await agent.running(last);
  t.is((await agent.task(second)).status, 'queued');

  agent.finish(first);
  await agent.running(second);
  for (const task of [second, last, ...others]) agent.finish(task);
  for (const task of [first, second, last, ...others]) t.is((await agent.ended(task)).status, 'completed');
});

test('limits hold for GPUs and services', async (t) => {
  const agent = await queueAgent(t, ['few', 'many']);
  gpuMachine(agent.home, EIGHT_CARDS);
  const limit = ['--queue-limit', 'few=2', '--foreground'];
  for (const words of [
    ['--dynamic-gpus', '--gpus', '0-3', '--queue', 'few=1', 'many=1'],
    ['--services-mode', '--queue', 'few', 'many'],
  ]) {
    const daemon = agent.agent('daemon', ...words, ...limit);
    const tasks = [];
    for (let number = 0; number < 3; number += 1) tasks.push(await agent.enqueueTo('few', 'holds'));
    const [first = '', second = '', third = ''] = tasks;
    await agent.running(first);
    await agent.running(second);
    const other = await agent.enqueueTo('many', 'holds');
    await agent.running(other);
    t.is((await agent.task(third)).status, 'queued', words.join(' '));
    agent.finish(first);
    await agent.running(third);
    for (const task of [second, third, other]) agent.finish(task);
    for (const task of [...tasks, other]) t.is((await agent.ended(task)).status, 'completed');
    daemon.kill('SIGTERM');
    t.is((await daemon.exited).code, 0, daemon.output());
  }
});

test('--status and --stop name queues that the daemon does not serve', async (t) => {
  const agent = await queueAgent(t, ['one', 'two', 'other']);
  const daemon = agent.agent('daemon', '--queue', 'one:3', 'two', '--foreground');
  await until(async () => daemon.output().includes('| two '), { what: 'the daemon', context: daemon.output });
  const run = async (...words: string[]) => {
    const command = agent.agent('daemon', ...words);
    t.is((await command.exited).code, 0, command.output());
    return command.output();
  };
  const served = await run('--status', '--queue', 'one:3', 'two');
  t.notRegex(served, /does not serve/);
  t.regex(served, /Listening to queue 'one' with weight 3\n.*Listening to queue 'two'/);
  const unserved = await run('--status', '--queue', 'other', 'two');
  t.regex(
    unserved,
    /test:0, which was chosen by its worker id and not by --queue, does not serve "other"; it serves one, two/,
  );
  t.notRegex(unserved, /Listening to queue 'other'/);
  t.regex(await run('--status'), /Listening to queue 'one'\n.*Listening to queue 'two'/);
  t.regex(
    await run('--stop', '--queue', 'other'),
    /test:0, .* does not serve "other"; it serves one, two\nTerminating/,
  );
  t.is((await daemon.exited).code, 0);
});
