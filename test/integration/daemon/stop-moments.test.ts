import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { begunTask, waitingIn } from '../../support/begun-task.js';
import { hookedFront } from '../../support/hooked-front.js';
import { QUICK, WHERE } from '../../support/stopped-tasks.js';
import { until } from '../../support/until.js';

const SLOW_SAVE = `trap 'echo saving; while [ ! -e "$HOME/go" ]; do sleep 0.1; done; exit 0' TERM
echo begun
while true; do sleep 0.1; done
`;

test.serial(
  'a daemon that is killed while it stops a task: the next one reports it as stopped, whatever its exit',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t, {
      program: SLOW_SAVE,
      variables: { CLEARML_AGENT__AGENT__KILL_GRACE_SEC: '120' },
    });
    daemon.kill('SIGTERM');
    await until(async () => (await agent.log(task)).includes('saving'), {
      what: 'the save',
      context: daemon.output,
    });
    daemon.kill('SIGKILL');
    await daemon.exited;
    writeFileSync(path.join(agent.home.folder, 'go'), '');
    await sleep(1000);
    agent.daemon();
    const { status, status_reason } = await agent.ended(task);
    t.deepEqual([status, status_reason], ['stopped', `stopped by the operator: SIGTERM ${WHERE}`]);
  },
);

test.serial('a task that is pulled while the daemon begins to end goes back to the front', async (t) => {
  const agent = await agentUnderTest(t);
  const held = { seen: false, release: (): void => undefined };
  const gate = new Promise<void>((resolve) => {
    held.release = resolve;
  });
  const front = await hookedFront(t, agent.server.url, {
    after: async ({ endpoint, answer }) => {
      if (endpoint !== 'queues.get_next_task' || !answer.includes('"entry"')) return;
      held.seen = true;
      await gate;
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: front });
  const first = await agent.enqueue(QUICK);
  const second = await agent.enqueue(QUICK);
  const daemon = agent.daemon();
  await until(() => held.seen, { what: 'the pop', context: daemon.output });
  daemon.kill('SIGTERM');
  await sleep(500);
  held.release();
  t.is((await daemon.exited).code, 0, daemon.output());
  t.deepEqual(await waitingIn(agent), [first, second], daemon.output());
  t.is((await agent.task(first)).status, 'queued');
});

/** A host that takes calls and never answers. */
async function silentHost(t: ExecutionContext): Promise<{ url: string; asked(): boolean }> {
  const calls = { count: 0 };
  const host = createServer(() => {
    calls.count += 1;
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    host.closeAllConnections();
    host.close();
  });
  const { port } = host.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked: () => calls.count > 0 };
}

test.serial('a stop while a task is being set up: it is stopped, or back in its queue', async (t) => {
  for (const [flags, status] of [
    [[], 'stopped'],
    [['--requeue'], 'queued'],
  ] as const) {
    const agent = await agentUnderTest(t);
    const { url, asked } = await silentHost(t);
    const repository = { repository: `${url}/code.git`, branch: 'main', entry_point: 'main.py' };
    const task = await agent.enqueue(repository);
    const daemon = agent.daemon();
    await until(asked, { what: 'the clone', context: daemon.output });
    const stop = agent.agent('daemon', '--stop', ...flags);
    t.is((await stop.exited).code, 0, stop.output());
    t.is((await daemon.exited).code, 0, daemon.output());
    t.is((await agent.task(task)).status, status, await agent.log(task));
    t.deepEqual(await waitingIn(agent), status === 'queued' ? [task] : []);
  }
});

test.serial('a time limit while the server is away: the daemon ends, and the next one reports', async (t) => {
  const agent = await agentUnderTest(t);
  const away = { yes: false };
  const front = await hookedFront(t, agent.server.url, {
    before: () => {
      if (away.yes) throw new Error('away');
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: front });
  const task = await agent.enqueue({ ...QUICK, diff: 'echo begun\nsleep 600\n' });
  const daemon = agent.daemon();
  await until(async () => (await agent.log(task)).includes('begun'), {
    what: 'the task',
    context: daemon.output,
  });
  away.yes = true;
  const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1s');
  t.is((await drain.exited).code, 0, drain.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  t.is((await agent.task(task)).status, 'in_progress');
  away.yes = false;
  agent.daemon();
  const { status, status_reason } = await agent.ended(task);
  t.is(status, 'stopped');
  t.regex(status_reason, /time limit of 1 s over/);
});

test.serial('many tasks of one daemon are put back together', async (t) => {
  const agent = await agentUnderTest(t);
  const daemon = agent.daemon('--services-mode', '4');
  const service = { ...QUICK, diff: 'echo begun\nsleep 600\n' };
  const tasks = await Promise.all(Array.from({ length: 4 }, () => agent.enqueue(service)));
  for (const task of tasks)
    await until(async () => (await agent.log(task)).includes('begun'), {
      what: 'a service',
      context: daemon.output,
    });
  const stop = agent.agent('daemon', '--stop', '--cpu-only', '--requeue');
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  t.deepEqual((await waitingIn(agent)).sort(), tasks.sort());
});
