import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

const COUNT = 40;
/** Counts, then lives on until it is ended. */
const SERVICE = `i=0
while [ $i -lt ${COUNT} ]; do echo "line $i of $CLEARML_TASK_ID"; i=$((i+1)); sleep 0.1; done
echo "worker $CLEARML_WORKER_ID tags $CLEARML_WORKER_TAGS"
while true; do sleep 0.2; done
`;
const SHORT = 'echo "worker $CLEARML_WORKER_ID"\n';

function shell(diff: string) {
  return { binary: '/bin/sh', entry_point: 'main.sh', diff };
}

async function running({ task }: AgentUnderTest, ids: readonly string[]): Promise<string[]> {
  const tasks = await Promise.all(ids.map((id) => task(id)));
  return tasks.filter(({ status }) => status === 'in_progress').map(({ id }) => id);
}

async function workers({
  call,
}: AgentUnderTest): Promise<{ id: string; task?: { id: string }; tags?: string[] }[]> {
  const answer = await call<{ workers: { id: string }[] }>('workers.get_all', { last_seen: 600 });
  return answer.workers;
}

test('services run at once up to the limit, each a worker of its own, and survive their daemon', async (t) => {
  const agent = await agentUnderTest(t);
  const start = () => agent.daemon('--services-mode', '2', '--child-report-tags', 'one', 'two words');
  let daemon = start();
  const ids = [
    await agent.enqueue(shell(SERVICE)),
    await agent.enqueue(shell(SERVICE)),
    await agent.enqueue(shell(SHORT)),
  ];
  const [first = '', second = '', third = ''] = ids;
  await until(async () => (await running(agent, ids)).length === 2, {
    what: 'two services',
    context: daemon.output,
  });
  const parent = 'test:cpu:0';
  const workerOf = (id: string) => `${parent}:service:${id}`;
  await until(async () => (await workers(agent)).filter(({ task }) => task !== undefined).length === 2, {
    what: 'their reports',
  });
  const known = await workers(agent);
  t.deepEqual(known.map(({ id }) => id).sort(), [parent, workerOf(first), workerOf(second)].sort());
  t.deepEqual(known.find(({ id }) => id === workerOf(first))?.tags, ['one', 'two words']);
  t.deepEqual(known.find(({ id }) => id === parent)?.tags ?? [], []);

  daemon.kill('SIGKILL');
  await daemon.exited;
  await sleep(500);
  daemon = start();
  for (const id of [first, second]) {
    await until(async () => (await agent.log(id)).includes(`worker ${workerOf(id)} tags one 'two words'`), {
      what: 'the last line',
      context: daemon.output,
    });
    const lines = [...(await agent.log(id)).matchAll(/^line (\d+) of (\w+)$/gm)].map(([line]) => line);
    t.deepEqual(
      lines,
      Array.from({ length: COUNT }, (_, at) => `line ${at} of ${id}`),
    );
  }
  t.is((await agent.task(third)).status, 'queued');

  await agent.call('tasks.stop', { task: first });
  const stopped = await agent.ended(first);
  t.is(stopped.status, 'stopped');
  t.is((await agent.ended(third)).status, 'completed');
  t.true((await agent.log(third)).includes(`worker ${workerOf(third)}`));
  t.is((await agent.task(third)).last_worker, workerOf(third));
  t.deepEqual(await running(agent, ids), [second]);
  await until(async () => (await workers(agent)).length === 2, { what: 'workers of ended services to go' });

  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0);
  t.is((await agent.ended(second)).status, 'stopped');
  t.deepEqual(await workers(agent), []);
});

test('a daemon without a limit runs as many as there are', async (t) => {
  const agent = await agentUnderTest(t, { CLEARML_WORKER_ID: 'fixed', CLEARML_WORKER_TAGS: 'from variable' });
  const daemon = agent.daemon('--services-mode', '--gpus', '0');
  const ids = await Promise.all(Array.from({ length: 11 }, () => agent.enqueue(shell(SERVICE))));
  await until(async () => (await running(agent, ids)).length === 11, {
    what: 'all services',
    context: daemon.output,
  });
  const reports = async () => (await workers(agent)).filter(({ id }) => id.startsWith('fixed:service:'));
  await until(async () => (await reports()).length === 11, { what: 'their reports' });
  t.deepEqual((await reports())[0]?.tags, ['from', 'variable']);
  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0);
  t.notRegex(daemon.output(), /MaxListeners/);
});
