import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { AgentProcess } from '../../support/agent-process.js';
import {
  agentThatLosesGpus,
  begun,
  configure,
  PATIENCE_MS,
  SHELL,
} from '../../support/agent-that-loses-gpus.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { hookedFront } from '../../support/hooked-front.js';
import { onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { until } from '../../support/until.js';

test.serial('a task that lost its GPU runs again, with the log of its first attempt', async (t) => {
  const { agent, script } = await agentThatLosesGpus(t);
  const id = await agent.enqueue(script);
  const daemon = agent.daemon();
  const task = await agent.ended(id, PATIENCE_MS);
  const log = await agent.log(id);
  t.is(task.status, 'completed', `${log}\n${daemon.output()}`);
  t.deepEqual(begun(log), ['1', '2']);
  t.regex(log, /^Process failed, exit code 5 \(GPU fault: GPU 1 \(GPU-\S+\) is gone from nvidia-smi\)$/m);
  // The last line of a run has no line break.
  t.regex(log, /^attempt 1 ended with gpu_fault, .* for retry 1 of 2$/m);
  t.regex(log, /attempt 2: retry 1 of 2: gpu_fault: worker execution exit code 5 \(GPU fault/);
  t.is(task.runtime.infrastructure_retries, 1);
  t.is(task.runtime.failure_class, undefined);
  t.regex(daemon.output(), /no task is taken for 0\.2 s/);
});

test.serial('retries end at their limit, and then the failure stands', async (t) => {
  const { agent, script } = await agentThatLosesGpus(t, { failures: 99 });
  const id = await agent.enqueue(script);
  const daemon = agent.daemon();
  const task = await agent.ended(id, PATIENCE_MS);
  const log = await agent.log(id);
  t.is(task.status, 'failed', `${log}\n${daemon.output()}`);
  t.regex(task.status_reason, /^worker execution exit code 5 \(GPU fault: /);
  t.deepEqual([task.runtime.failure_class, task.runtime.infrastructure_retries], ['gpu_fault', 2]);
  t.deepEqual(begun(log), ['1', '2', '3']);
  t.regex(log, /^no retry is left after gpu_fault: 2 of 2 are used$/m);
  await sleep(1500);
  t.is((await agent.task(id)).status, 'failed');
  await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
  await until(async () => begun(await agent.log(id)).length > 3, {
    what: 'the fourth attempt',
    timeoutMs: PATIENCE_MS,
  });
  const again = await until(async () => ((one) => one.status === 'queued' && one)(await agent.task(id)), {
    what: 'a retry, as its user began the count again',
    timeoutMs: PATIENCE_MS,
    context: daemon.output,
  });
  t.regex(again.status_reason, /^retry 1 of 2: gpu_fault/);
});

const OWN_FAILURES: readonly [what: string, diff: string, failure: string][] = [
  ['an exit code of its own', 'exit 3\n', 'user_exit_code'],
  ['a signal', 'kill -SEGV $$\n', 'signal'],
  [
    'a CUDA error without a GPU fault',
    'echo "CUDA error: an illegal memory access"; exit 1\n',
    'user_exit_code',
  ],
];

test.serial('what the task did itself is not retried', async (t) => {
  const { agent } = await agentThatLosesGpus(t);
  agent.daemon();
  for (const [what, diff, failure] of OWN_FAILURES) {
    const task = await agent.ended(await agent.enqueue({ ...SHELL, diff }), PATIENCE_MS);
    t.deepEqual([task.status, task.runtime.failure_class], ['failed', failure], what);
    t.is(task.runtime.infrastructure_retries, undefined, what);
  }
});

test.serial('"agent execute" does not retry', async (t) => {
  const { agent, script } = await agentThatLosesGpus(t);
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'by hand',
    type: 'training',
    script,
  });
  const execute = agent.agent('execute', '--id', id);
  t.is((await execute.exited).code, 5, execute.output());
  const task = await agent.task(id);
  t.deepEqual([task.status, task.runtime.failure_class], ['failed', 'gpu_fault']);
});

test.serial('without the setting, an infrastructure failure is final', async (t) => {
  const { agent, script } = await agentThatLosesGpus(t, { limit: 0 });
  const id = await agent.enqueue(script);
  agent.daemon();
  const task = await agent.ended(id, PATIENCE_MS);
  t.deepEqual([task.status, task.runtime.failure_class], ['failed', 'gpu_fault']);
});

for (const [mode, ...flags] of [['tasks'], ['services', '--services-mode', '2']] as const) {
  test.serial(
    `${mode}: a host that is away is retried, a repository that it does not have is not`,
    async (t) => {
      const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
      configure(agent, 'agent.retry { infrastructure: 1, pause_sec: 0.2 }');
      const daemon = agent.daemon(...flags);
      const script = { repository: 'http://127.0.0.1:9/away.git', branch: 'main', entry_point: 'main.py' };
      const away = await agent.ended(await agent.enqueue(script), PATIENCE_MS);
      t.like(away.runtime, { failure_class: 'clone', infrastructure_retries: 1 }, daemon.output());
      const log = await agent.log(away.id);
      t.is(log.match(/127\.0\.0\.1 refuses the connection/g)?.length, 2, log);
      const missing = { ...script, repository: `file://${agent.home.folder}/repositories/none` };
      const gone = await agent.ended(await agent.enqueue(missing), PATIENCE_MS);
      t.is(gone.runtime.failure_class, 'clone');
      t.is(gone.runtime.infrastructure_retries, undefined, await agent.log(gone.id));
    },
  );
}

onSmallDisk('a task that met a full disk runs once there is room', async (t) => {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  const disk = smallDisk(t, 6);
  const ballast = path.join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(5 * 1024 * 1024, 1));
  configure(
    agent,
    `agent.retry { infrastructure: 2, pause_sec: 2 }\nagent.vcs_cache.path: "${disk}/mirrors"`,
  );
  const url = agent.repository({
    'main.sh': 'echo finished\n',
    data: Array.from({ length: 300_000 }, () => Math.random().toString(36)).join(''),
  });
  const id = await agent.enqueue({ ...SHELL, repository: url, branch: 'main' });
  const daemon = agent.daemon();
  await until(async () => (await agent.task(id)).runtime.infrastructure_retries === 1, {
    what: 'the first retry',
    timeoutMs: PATIENCE_MS,
    context: daemon.output,
  });
  t.is((await agent.task(id)).runtime.failure_class, 'disk_full');
  rmSync(ballast);
  const task = await agent.ended(id, PATIENCE_MS);
  t.is(task.status, 'completed', `${await agent.log(id)}\n${daemon.output()}`);
});

test.serial(
  'a task that is put back is installed from the list that its user wrote, not from the frozen one',
  async (t) => {
    const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
    const own = 'from setuptools import setup\nsetup(name="own-package", version="1")\n';
    const repository = agent.repository({ 'main.py': 'print("ran")\n', 'own/setup.py': own });
    const requirements = { pip: '# mine\n./own\n' };
    const listed: unknown[] = [];
    const daemons: AgentProcess[] = [];
    const url = await hookedFront(t, agent.server.url, {
      before: async ({ endpoint }) => {
        if (endpoint === 'tasks.enqueue') listed.push((await agent.task(id)).script.requirements);
      },
      after: ({ endpoint }) => {
        if (endpoint === 'tasks.set_requirements' && daemons.length === 1) daemons[0]?.kill('SIGKILL');
      },
    });
    Object.assign(agent.home.env, { CLEARML_API_HOST: url });
    const id = await agent.enqueue({ repository, branch: 'main', entry_point: 'main.py', requirements });
    daemons.push(agent.daemon());
    await daemons[0]?.exited;
    t.notDeepEqual((await agent.task(id)).script.requirements, requirements, 'the list was frozen before');
    daemons.push(agent.daemon());
    const task = await agent.ended(id, PATIENCE_MS);
    t.is(task.status, 'completed', daemons[1]?.output());
    t.deepEqual(listed, [requirements]);
  },
);

test.serial(
  'a server that refuses the start of a task is a class of its own, and no reason to retry',
  async (t) => {
    const { agent, script } = await agentThatLosesGpus(t);
    const url = await hookedFront(t, agent.server.url, {
      refuse: ({ endpoint }) => (endpoint === 'tasks.started' ? { status: 403, subcode: 21 } : undefined),
    });
    Object.assign(agent.home.env, { CLEARML_API_HOST: url });
    const id = await agent.enqueue(script);
    const daemon = agent.daemon();
    const task = await agent.ended(id, PATIENCE_MS);
    t.deepEqual([task.status, task.status_reason], ['failed', 'refused by the server'], daemon.output());
    t.is(task.runtime.failure_class, 'server_refused');
    t.is(task.runtime.infrastructure_retries, undefined);
    t.regex(await agent.log(id), /^Process failed: tasks\.started: refused by the test \(403\/21\)$/m);
  },
);

test.serial('a task whose queue is gone when it is to go back fails with its own reason', async (t) => {
  const { agent, script } = await agentThatLosesGpus(t);
  const { id: queue } = await agent.call<{ id: string }>('queues.create', { name: 'short-lived' });
  const url = await hookedFront(t, agent.server.url, {
    before: async ({ endpoint }) => {
      if (endpoint === 'tasks.enqueue') await agent.call('queues.delete', { queue, force: true });
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: url });
  const id = await agent.enqueue(script, queue);
  const daemon = agent.agent('daemon', '--queue', 'short-lived', '--foreground');
  const task = await agent.ended(id, PATIENCE_MS);
  t.is(task.status, 'failed', daemon.output());
  t.regex(task.status_reason, /^worker execution exit code 5 \(GPU fault/);
  t.is(task.runtime.failure_class, 'gpu_fault');
  t.regex(daemon.output(), /cannot go back to its queue/);
});
