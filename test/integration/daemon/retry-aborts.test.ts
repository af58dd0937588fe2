import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { agentThatLosesGpus, begun, PATIENCE_MS } from '../../support/agent-that-loses-gpus.js';
import { hookedFront, type PassingCall } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

test.serial(
  'a task that waits for its retry can be aborted, and keeps the list of packages that its user wrote',
  async (t) => {
    const { agent, gpu } = await agentThatLosesGpus(t, { pause: 300 });
    const url = agent.repository({
      'main.py': `import pathlib, sys\npathlib.Path(${JSON.stringify(gpu.lost)}).touch()\nsys.exit(1)\n`,
      'own/setup.py': 'from setuptools import setup\nsetup(name="own-package", version="1")\n',
    });
    const requirements = { pip: '# mine\n./own\n' };
    const id = await agent.enqueue({ repository: url, branch: 'main', entry_point: 'main.py', requirements });
    const daemon = agent.daemon();
    const waiting = await until(
      async () =>
        ((one) => one.status === 'queued' && one.runtime.infrastructure_retries === 1 && one)(
          await agent.task(id),
        ),
      { what: 'the task back in its queue', timeoutMs: PATIENCE_MS, context: daemon.output },
    );
    t.deepEqual(waiting.script.requirements, requirements, await agent.log(id));
    t.is(waiting.runtime.failure_class, 'gpu_fault');
    await agent.call('tasks.stop', { task: id });
    t.is((await agent.task(id)).status, 'stopped');
    const { queues } = await agent.call<{ queues: { entries: unknown[] }[] }>('queues.get_all', {
      id: [agent.queue],
    });
    t.deepEqual(queues[0]?.entries, []);
  },
);

/** The call that takes a failed task out of `in_progress`: it is the second one of its kind. */
function isTakeOut({ endpoint }: PassingCall, seen: { dequeues: number }): boolean {
  if (endpoint === 'tasks.dequeue') seen.dequeues += 1;
  return endpoint === 'tasks.dequeue' && seen.dequeues === 2;
}

test.serial('an abort on the way back to the queue wins', async (t) => {
  const { agent, script } = await agentThatLosesGpus(t);
  const stopped = { yes: false };
  const url = await hookedFront(t, agent.server.url, {
    before: async ({ endpoint, body }) => {
      if (endpoint !== 'tasks.edit' || !body.includes('infrastructure_retries":1') || stopped.yes) return;
      stopped.yes = true;
      await agent.call('tasks.stop', { task: JSON.parse(body).task });
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: url });
  const id = await agent.enqueue(script);
  const daemon = agent.daemon();
  const task = await agent.ended(id, PATIENCE_MS);
  t.true(stopped.yes, daemon.output());
  t.is(task.status, 'stopped', daemon.output());
  await sleep(1500);
  t.is((await agent.task(id)).status, 'stopped');
  t.deepEqual(begun(await agent.log(id)), ['1']);
});

for (const moment of [
  'before its end is reported',
  'after it was taken out',
  'before it is in its queue',
  'after it is in its queue',
]) {
  test.serial(`a daemon that is killed ${moment} neither loses the task nor doubles it`, async (t) => {
    const { agent, script } = await agentThatLosesGpus(t);
    const seen = { dequeues: 0, enqueues: 0 };
    const kill: { now?: () => Promise<void> } = {};
    const strike = async () => {
      const now = kill.now;
      delete kill.now;
      await now?.();
    };
    const url = await hookedFront(t, agent.server.url, {
      before: async (call) => {
        const edit = call.endpoint === 'tasks.edit' && call.body.includes('infrastructure_retries":1');
        if (edit && moment === 'before its end is reported') await strike();
        if (call.endpoint === 'tasks.enqueue' && moment === 'before it is in its queue') await strike();
      },
      after: async (call) => {
        if (isTakeOut(call, seen) && moment === 'after it was taken out') await strike();
        if (call.endpoint === 'tasks.enqueue' && moment === 'after it is in its queue') await strike();
      },
    });
    Object.assign(agent.home.env, { CLEARML_API_HOST: url });
    const id = await agent.enqueue(script);
    const first = agent.daemon();
    let killed = false;
    kill.now = async () => {
      killed = true;
      first.kill('SIGKILL');
      await first.exited;
    };
    await first.exited;
    t.true(killed, first.output());
    const second = agent.daemon();
    const task = await agent.ended(id, PATIENCE_MS);
    t.is(task.status, 'completed', second.output());
    await sleep(1500);
    t.deepEqual(begun(await agent.log(id)), ['1', '2'], second.output());
    t.is((await agent.task(id)).runtime.infrastructure_retries, 1);
  });
}
