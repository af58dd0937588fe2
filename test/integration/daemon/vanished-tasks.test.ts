import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

/** Prints a line every tenth of a second, for ever. */
const CHATTER = {
  binary: '/bin/sh',
  entry_point: 'main.sh',
  diff: 'i=0\nwhile true; do i=$((i+1)); echo "line $i of $$"; sleep 0.1; done\n',
};

async function chattering(t: ExecutionContext, ...flags: string[]) {
  const agent = await agentUnderTest(t);
  const task = await agent.enqueue(CHATTER);
  const daemon = agent.daemon(...flags);
  await until(async () => (await agent.log(task)).includes('line 5 of'), {
    what: 'lines of the task',
    context: daemon.output,
  });
  return { agent, task, daemon };
}

function problems(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => /(WARNING|ERROR) /.test(line) && !line.includes('holds credentials'));
}

/** A task after it, which shows that the daemon goes on. */
async function next(agent: AgentUnderTest): Promise<string> {
  const id = await agent.enqueue({ ...CHATTER, diff: 'echo next\n' });
  return (await agent.ended(id)).status;
}

for (const [mode, ...flags] of [['a process'], ['a service', '--services-mode', '2']] as const) {
  test(`a task that is deleted while it runs as ${mode} ends with one line`, async (t) => {
    const { agent, task, daemon } = await chattering(t, ...flags);
    await agent.call('tasks.delete', { task, force: true });
    await until(() => daemon.output().includes('is not on the server any more'), {
      what: 'the line',
      context: daemon.output,
    });
    t.is(await next(agent), 'completed');
    t.deepEqual(problems(daemon.output()), []);
    t.is(daemon.output().match(/is not on the server any more/g)?.length, 1);
  });
}

test('a task that is reset while it runs ends, and its log holds no further lines', async (t) => {
  const { agent, task, daemon } = await chattering(t);
  await agent.call('tasks.reset', { task });
  await until(() => daemon.output().includes('was reset; its run has ended'), {
    what: 'the end of the run',
    context: daemon.output,
  });
  t.is(await next(agent), 'completed');
  t.is((await agent.task(task)).status, 'created');
  const log = await agent.log(task);
  t.notRegex(log, /User aborted|Process ended/);
  t.deepEqual(problems(daemon.output()), []);
});

test('a task that is reset and queued again at once runs once more, with a log of its own', async (t) => {
  const { agent, task, daemon } = await chattering(t);
  const [, first] = /line 1 of (\d+)/.exec(await agent.log(task)) ?? [];
  await agent.call('tasks.reset', { task });
  await agent.call('tasks.enqueue', { task, queue: agent.queue });
  // A line of the first run may have been on its way during the reset.
  const ofSecond = (log: string) => [...log.matchAll(/line 7 of (\d+)/g)].some(([, pid]) => pid !== first);
  await until(async () => ofSecond(await agent.log(task)), {
    what: 'lines of the second run',
    context: daemon.output,
  });
  t.notRegex(await agent.log(task), /User aborted|Process ended/);
  await agent.call('tasks.stop', { task });
  t.is((await agent.ended(task)).status, 'stopped');
  t.deepEqual(problems(daemon.output()), []);
});

test('where nothing is installed the lists of the task stay as they are', async (t) => {
  const agent = await agentUnderTest(t);
  const script = { ...CHATTER, binary: 'python3', entry_point: 'main.py', diff: 'print(1)\n' };
  for (const requirements of [undefined, {}, { pip: '' }, { pip: '# nothing\n', conda: '' }]) {
    const id = await agent.enqueue({ ...script, ...(requirements ? { requirements } : {}) });
    const before = (await agent.task(id)).script.requirements;
    if (requirements === undefined) agent.daemon();
    t.is((await agent.ended(id)).status, 'completed');
    t.deepEqual((await agent.task(id)).script.requirements, before);
  }
});
