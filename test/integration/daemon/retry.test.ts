import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { AgentProcess } from '../../support/agent-process.js';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { hookedFront, type PassingCall } from '../../support/hooked-front.js';
import { losingGpu } from '../../support/losing-gpu.js';
import { onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { until } from '../../support/until.js';

/** A machine that is busy with other tests takes its time for three attempts. */
const PATIENCE_MS = 170_000;

const SHELL = { binary: '/bin/sh', entry_point: 'main.sh' };

function configure(agent: AgentUnderTest, lines: string): void {
  appendFileSync(path.join(agent.home.folder, 'clearml.conf'), `\n${lines}\n`);
}

/** An agent with two GPUs that retries, and a program that loses one of them in its first attempts. */
async function agentThatLosesGpus(t: ExecutionContext, { pause = 0.2, limit = 2, failures = 1 } = {}) {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  configure(agent, `agent.retry { infrastructure: ${limit}, pause_sec: ${pause} }`);
  const gpu = losingGpu(agent);
  const runs = path.join(agent.home.folder, 'runs');
  const diff = [
    `rm -f '${gpu.lost}'`,
    `echo x >> '${runs}'`,
    `n=$(wc -l < '${runs}')`,
    'echo "begun $n"',
    `if [ "$n" -le ${failures} ]; then touch '${gpu.lost}'; exit 5; fi`,
    'echo finished',
    '',
  ].join('\n');
  return { agent, gpu, script: { ...SHELL, diff } };
}

function begun(log: string): string[] {
  return [...log.matchAll(/^begun (\d+)$/gm)].map(([, number]) => number ?? '');
}

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
