import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { workerFolder } from '../../../src/os/paths.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { begunTask, tagsOf, waitingIn } from '../../support/begun-task.js';
import { hookedFront } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

const WHERE = `(worker test:0 on ${hostname()})`;
const STUBBORN = "trap '' TERM\necho begun\nwhile true; do sleep 0.2; done\n";
const QUICK = { binary: '/bin/sh', entry_point: 'a.sh', diff: 'echo quick\n' };

test.serial(
  '--stop: a task that saves and exits with 0 after its signal is stopped, with the operator as its reason',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t);
    const stop = agent.agent('daemon', '--stop');
    t.is((await stop.exited).code, 0, stop.output());
    t.is((await daemon.exited).code, 0, daemon.output());
    const { status, status_reason } = await agent.task(task);
    t.deepEqual(
      [status, status_reason],
      ['stopped', `stopped by the operator: agent daemon --stop ${WHERE}`],
    );
    t.regex(
      await agent.log(task),
      /Stopping the task for the operator[\s\S]*checkpoint saved[\s\S]*Process ended: stopped by/,
    );
  },
);

test.serial('--stop --requeue: the task saves, goes to the front of its queue, and runs again', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const other = await agent.enqueue(QUICK);
  const stop = agent.agent('daemon', '--stop', '--requeue');
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  const { status, status_reason } = await agent.task(task);
  t.deepEqual(
    [status, status_reason],
    ['queued', `put back: stopped by the operator: agent daemon --stop --requeue ${WHERE}`],
  );
  t.deepEqual(await waitingIn(agent), [task, other]);
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  agent.daemon();
  t.is((await agent.ended(task)).status, 'completed');
  t.regex(await agent.log(task), /checkpoint saved[\s\S]*finished/, 'the log of the first run stays');
});

test.serial(
  '--stop --drain: no new task is taken, the running one finishes, and the state shows everywhere',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t, { flags: ['--child-report-tags', 'blue'] });
    const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1h');
    await until(() => drain.output().includes('Draining clearml-agent worker_id=test:0'), {
      what: 'the request',
    });
    const later = await agent.enqueue(QUICK);
    await until(async () => (await tagsOf(agent, 'test:0')).includes('draining'), { what: 'the tag' });
    const tags = await tagsOf(agent, 'test:0');
    t.is(tags[0], 'blue');
    t.regex(tags[2] ?? '', /^until:\d{4}-\d\d-\d\dT/);
    const shown = agent.agent('daemon', '--status');
    t.is((await shown.exited).code, 0, shown.output());
    t.regex(
      shown.output(),
      /^Worker test:0 \(process \d+\) is draining since \S+ until \S+, then its tasks are stopped \(agent daemon --stop --drain\)$/m,
    );
    t.true(shown.output().includes(`  - Running task ${task}\n`), shown.output());
    await sleep(3000);
    t.is((await agent.task(later)).status, 'queued');
    writeFileSync(path.join(agent.home.folder, 'go'), '');
    t.is((await drain.exited).code, 0, drain.output());
    t.is((await daemon.exited).code, 0, daemon.output());
    t.is((await agent.task(task)).status, 'completed');
    t.is((await agent.task(later)).status, 'queued');
    t.deepEqual(await waitingIn(agent), [later]);
  },
);

test.serial('--resume takes a drain back, and only that', async (t) => {
  const { agent, task, daemon } = await begunTask(t, { flags: ['--child-report-tags', 'blue'] });
  const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1h');
  await until(async () => (await tagsOf(agent, 'test:0')).includes('draining'), { what: 'the tag' });
  const later = await agent.enqueue(QUICK);
  const resume = agent.agent('daemon', '--resume');
  t.is((await resume.exited).code, 0, resume.output());
  t.regex(resume.output(), /^clearml-agent worker_id=test:0 pid=\d+ pulls tasks$/m);
  t.is((await drain.exited).code, 0, drain.output());
  t.regex(drain.output(), /^test:0 was resumed and pulls tasks$/m);
  await until(async () => (await tagsOf(agent, 'test:0')).join() === 'blue', { what: 'the tags' });
  const shown = agent.agent('daemon', '--status');
  await shown.exited;
  t.regex(shown.output(), /^Worker test:0 \(process \d+\) is running$/m);
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  for (const id of [task, later]) t.is((await agent.ended(id)).status, 'completed', daemon.output());
  const again = agent.agent('daemon', '--stop', '--drain');
  t.is((await again.exited).code, 0, again.output());
  t.is((await daemon.exited).code, 0, daemon.output());
});

test.serial('--resume is refused once the daemon stops', async (t) => {
  const { agent, task, daemon } = await begunTask(t, {
    program: STUBBORN,
    variables: { CLEARML_AGENT__AGENT__KILL_GRACE_SEC: '600' },
  });
  const stop = agent.agent('daemon', '--stop', '--no-wait');
  t.is((await stop.exited).code, 0, stop.output());
  const resume = agent.agent('daemon', '--resume', 'test:0');
  t.is((await resume.exited).code, 1, resume.output());
  t.regex(resume.output(), /^test:0 is stopping already, for agent daemon --stop; only a drain/m);
  daemon.kill('SIGTERM');
  await daemon.exited;
  t.is((await agent.task(task)).status, 'stopped');
  const none = agent.agent('daemon', '--resume');
  t.is((await none.exited).code, 1, none.output());
  t.regex(none.output(), /Could not find a running clearml-agent instance/);
});

test.serial('a drain that is over stops the task; a drain of an idle daemon ends at once', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1s');
  t.is((await drain.exited).code, 0, drain.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  const { status, status_reason } = await agent.task(task);
  t.deepEqual(
    [status, status_reason],
    ['stopped', `stopped by the operator: agent daemon --stop --drain, time limit of 1 s over ${WHERE}`],
  );
  const idle = agent.daemon();
  await until(() => idle.output().includes('Listening to queues'), { what: 'the daemon' });
  const again = agent.agent('daemon', '--stop', '--drain');
  t.is((await again.exited).code, 0, again.output());
  t.is((await idle.exited).code, 0, idle.output());
});

test.serial('a stop overrides a drain, and a drain does not survive its daemon', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const drain = agent.agent('daemon', '--stop', '--drain', '--no-wait');
  t.is((await drain.exited).code, 0, drain.output());
  daemon.kill('SIGKILL');
  await daemon.exited;
  const second = agent.daemon();
  await until(() => second.output().includes('attached again'), {
    what: 'the attach',
    context: second.output,
  });
  const shown = agent.agent('daemon', '--status');
  await shown.exited;
  t.regex(shown.output(), /^Worker test:0 \(process \d+\) is running$/m);
  const waiting = agent.agent('daemon', '--stop', '--drain');
  await until(() => second.output().includes('draining'), { what: 'the drain', context: second.output });
  const stop = agent.agent('daemon', '--stop');
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await waiting.exited).code, 0, waiting.output());
  t.is((await agent.task(task)).status, 'stopped');
});

test.serial('--stop --leave: the daemon ends at once and the next one resumes the task', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const leave = agent.agent('daemon', '--stop', '--leave');
  t.is((await leave.exited).code, 0, leave.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  t.is((await agent.task(task)).status, 'in_progress');
  const next = agent.daemon();
  await until(() => next.output().includes('attached again'), { what: 'the attach', context: next.output });
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  t.is((await agent.ended(task)).status, 'completed', await agent.log(task));
});

test.serial(
  'a task that ignores its signal is killed when its grace, or the time limit of the stop, is over',
  async (t) => {
    for (const [grace, flags] of [
      ['1', []],
      ['600', ['--timeout', '1s']],
    ] as const) {
      const { agent, task, daemon } = await begunTask(t, {
        program: STUBBORN,
        variables: { CLEARML_AGENT__AGENT__KILL_GRACE_SEC: grace },
      });
      const stop = agent.agent('daemon', '--stop', ...flags);
      t.is((await stop.exited).code, 0, stop.output());
      t.is((await daemon.exited).code, 0, daemon.output());
      t.is((await agent.task(task)).status, 'stopped');
    }
  },
);

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

test.serial(
  'the control socket is for its user alone, works below a long path, and goes with its daemon',
  async (t) => {
    const state = `/tmp/stop-test-${process.pid}-${'long-'.repeat(30)}`;
    t.teardown(() => rmSync(state, { recursive: true, force: true }));
    const { agent, task, daemon } = await begunTask(t, { variables: { CLEARML_AGENT_STATE_DIR: state } });
    const file = path.join(workerFolder(state, 'test:0'), 'control.sock');
    t.is(statSync(file).mode & 0o777, 0o600);
    t.is(statSync(path.dirname(file)).mode & 0o777, 0o700);
    const stop = agent.agent('daemon', '--stop', '--requeue');
    t.is((await stop.exited).code, 0, stop.output());
    await daemon.exited;
    t.is((await agent.task(task)).status, 'queued');
    t.false(existsSync(file));
  },
);

test.serial(
  'a daemon without a control socket is stopped by its signal, and not asked for more',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t);
    const state = path.join(agent.home.folder, '.clearml', 'agent');
    rmSync(path.join(workerFolder(state, 'test:0'), 'control.sock'));
    for (const flags of [['--drain'], ['--requeue'], ['--timeout', '1m']]) {
      const refused = agent.agent('daemon', '--stop', ...flags);
      t.is((await refused.exited).code, 1);
      t.regex(refused.output(), /test:0 \(process \d+\) has no control socket/);
    }
    const stop = agent.agent('daemon', '--stop');
    t.is((await stop.exited).code, 0, stop.output());
    await daemon.exited;
    t.regex((await agent.task(task)).status_reason, /^stopped by the operator: SIGTERM/);
  },
);

test.serial('flags that contradict each other are refused before anything is stopped', async (t) => {
  const { agent } = await agentUnderTest(t);
  for (const [words, cause] of [
    [['--drain'], /--drain says how a daemon is stopped, so it needs --stop/],
    [['--stop', '--drain', '--leave'], /--drain and --leave are both given/],
    [['--stop', '--leave', '--requeue'], /--leave and --requeue are both given/],
    [['--stop', '--leave', '--timeout', '1m'], /--leave and --timeout are both given/],
    [['--stop', '--drain', '--requeue'], /--requeue needs the --timeout/],
    [['--stop', '--timeout', '10'], /--timeout takes a time with its unit, such as 10m, got "10"/],
    [['--stop', '--timeout', '30d'], /--timeout takes at most 24d, got "30d"/],
  ] as const) {
    const refused = agent('daemon', ...words);
    t.is((await refused.exited).code, 2, refused.output());
    t.regex(refused.output(), cause);
  }
});
