import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { hookedFront } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

const HELLO = 'import os\nprint("hello from", os.environ["CLEARML_TASK_ID"])\n';

test('a task goes from the queue to completed, with its console and the places that the web UI shows', async (t) => {
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({ 'src/main.py': HELLO });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py', working_dir: 'src' });
  daemon();
  const task = await ended(id);
  t.is(task.status, 'completed');
  t.is(task.status_reason, 'worker execution done');
  t.is(task.status_message, 'Changed by clearml-agent test:0');
  t.is(task.last_worker, 'test:0');
  t.is(typeof task.runtime._exec_agent_hostname, 'string');
  const text = await log(id);
  t.true(text.includes(`hello from ${id}\n`), text);
  const phases = ['[claim] done', '[code] done', 'Python 3.', '[environment] done', '[start]'];
  const places = phases.map((phase) => text.indexOf(phase));
  t.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    'reports of tasks that run at the same time come one after the other',
  );
  t.true((places[0] ?? -1) >= 0, text);
  t.true(text.endsWith('Process completed successfully'), text);
});

test('the exit code of a failing task is its reason, and the daemon continues', async (t) => {
  const { daemon, enqueue, ended, repository } = await agentUnderTest(t);
  const url = repository({ 'bad.py': 'raise SystemExit(7)\n', 'good.py': HELLO });
  const bad = await enqueue({ repository: url, branch: 'main', entry_point: 'bad.py' });
  const good = await enqueue({ repository: url, branch: 'main', entry_point: 'good.py' });
  daemon();
  const failed = await ended(bad);
  t.deepEqual([failed.status, failed.status_reason], ['failed', 'worker execution exit code 7']);
  t.is((await ended(good)).status, 'completed');
});

test('a daemon registers, reports its status, and unregisters when it is told to end', async (t) => {
  const { daemon, call } = await agentUnderTest(t);
  const running = daemon();
  const workers = () =>
    call<{ workers: { id: string; queues: { name: string }[] }[] }>('workers.get_all', { last_seen: 0 });
  await until(() => running.output().includes('Listening to queues'), { what: 'the daemon' });
  const [worker] = await until(async () => ((all) => all.length > 0 && all)((await workers()).workers), {
    what: 'the worker',
    context: running.output,
  });
  t.is(worker?.id, 'test:0');
  t.is(worker?.queues[0]?.name, 'default');
  running.kill('SIGTERM');
  t.is((await running.exited).code, 0, running.output());
  t.deepEqual((await workers()).workers, []);
});

test('an idle daemon ends although its server is gone', async (t) => {
  const { daemon, call, server } = await agentUnderTest(t);
  const running = daemon();
  const registered = async () =>
    (await call<{ workers: unknown[] }>('workers.get_all', { last_seen: 0 })).workers.length > 0;
  await until(registered, { what: 'the worker', context: running.output });
  await server.close();
  running.kill('SIGTERM');
  const ended = await Promise.race([running.exited, sleep(20_000, 'still there', { ref: false })]);
  t.deepEqual(ended, { code: 0, signal: null }, running.output());
});

test('SIGTERM ends the running task as stopped, with its reason', async (t) => {
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({ 'long.py': 'import time\nprint("begun", flush=True)\ntime.sleep(600)\n' });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'long.py' });
  const running = daemon();
  await until(async () => (await log(id)).includes('begun'), { what: 'the task', context: running.output });
  running.kill('SIGTERM');
  t.is((await running.exited).code, 0, running.output());
  const task = await ended(id, 1000);
  t.is(task.status, 'stopped');
  t.is(task.status_reason, `stopped by the operator: SIGTERM (worker test:0 on ${hostname()})`);
});

test('queues are served in order of importance', async (t) => {
  const { agent, call, enqueue, ended, repository, queue } = await agentUnderTest(t);
  const { id: urgent } = await call<{ id: string }>('queues.create', { name: 'urgent' });
  const url = repository({ 'main.py': HELLO });
  const script = { repository: url, branch: 'main', entry_point: 'main.py' };
  const second = await enqueue(script, queue);
  const first = await enqueue(script, urgent);
  const running = agent('daemon', '--queue', 'urgent', 'default');
  await Promise.all([ended(first), ended(second)]);
  const order = [...running.output().matchAll(/task (\w+) pulled/g)].map(([, id]) => id);
  t.deepEqual(order, [first, second]);
});

test('execute runs one task, answers with its exit status, and leaves the original alone when it clones', async (t) => {
  const { agent, call, enqueue, log, task, repository } = await agentUnderTest(t);
  const url = repository({ 'main.py': 'print("ran once")\nraise SystemExit(5)\n' });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  const cloned = agent('execute', '--id', id, '--clone');
  t.is((await cloned.exited).code, 5, cloned.output());
  t.true(cloned.output().includes('ran once'));
  t.is((await task(id)).status, 'queued');
  const direct = agent('execute', '--id', id);
  t.is((await direct.exited).code, 5, direct.output());
  t.is((await task(id)).status, 'failed');
  const silent = agent('execute', '--id', id, '--disable-monitoring');
  t.is((await silent.exited).code, 5, silent.output());
  t.like(await task(id), { status: 'in_progress', status_reason: 'worker started execution' });
  t.is((await log(id)).match(/ran once/g)?.length, 1);
  const { tasks } = await call<{ tasks: { name: string; status: string }[] }>('tasks.get_all', {
    name: 'Clone of',
  });
  t.is(tasks[0]?.status, 'failed');
});

test('a command that waits for the server ends quietly when it is told to', async (t) => {
  const { agent, home } = await agentUnderTest(t);
  Object.assign(home.env, { CLEARML_API_HOST: 'http://127.0.0.1:1' });
  for (const [words, status] of [
    [['daemon', '--queue', 'default'], 0],
    [['execute', '--id', 'any'], 130],
  ] as const) {
    const waiting = agent(...words);
    await until(async () => waiting.output().includes('trying again'), { what: 'the wait for the server' });
    waiting.kill('SIGTERM');
    t.is((await waiting.exited).code, status);
    t.notRegex(waiting.output(), /ERROR/);
  }
});

test('wrong input ends a start with status 2 and its cause, also in the background', async (t) => {
  const { agent, home } = await agentUnderTest(t);
  for (const [words, cause] of [
    [['--queue', 'nope', '--detached'], /could not find queue with name or id "nope"/],
    [['--queue', 'ab', '--create-queue'], /cannot create the queue "ab": a name needs at least 3 characters/],
    [
      ['--queue', 'ab', '--create-queue', '--detached'],
      /cannot create the queue "ab": a name needs at least 3 characters/,
    ],
    [['--docker', 'a:1', '--podman', 'b:1'], /--docker a:1 and --podman b:1 contradict/],
  ] as const) {
    const started = agent('daemon', ...words);
    t.is((await started.exited).code, 2, started.output());
    t.regex(started.output(), cause);
    t.is(started.output().match(/ERROR/g)?.length, 1, started.output());
  }
  const missing = { CLEARML_API_HOST: '', CLEARML_CONFIG_FILE: '/does/not/exist.conf' };
  Object.assign(home.env, missing);
  const unconfigured = agent('daemon', '--queue', 'default');
  t.is((await unconfigured.exited).code, 2, unconfigured.output());
  t.regex(
    unconfigured.output(),
    /CLEARML_CONFIG_FILE names the file \/does\/not\/exist.conf, which does not/,
  );
});

test('--stop ends a daemon that waits for the server', async (t) => {
  const { agent, home } = await agentUnderTest(t);
  Object.assign(home.env, { CLEARML_API_HOST: 'http://127.0.0.1:1' });
  const waiting = agent('daemon', '--queue', 'default');
  await until(async () => waiting.output().includes('trying again'), { what: 'the wait for the server' });
  const stopped = agent('daemon', '--stop');
  t.is((await stopped.exited).code, 0, stopped.output());
  t.is((await waiting.exited).code, 0, waiting.output());
});

test('before an aborted task is ended, the command of the user runs in its folder', async (t) => {
  const { agent, call, enqueue, ended, log, repository } = await agentUnderTest(t, {
    CLEARML_AGENT_ABORT_CALLBACK_CMD: 'ls; echo "saved for $CLEARML_TASK_ID"; exit 3',
  });
  const url = repository({
    'code/main.py': 'import time\nprint("at work", flush=True)\ntime.sleep(60)\n',
  });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py', working_dir: 'code' });
  agent('daemon', '--queue', 'default', '--foreground');
  await until(async () => (await log(id)).includes('at work\n'), { what: 'the task to be at work' });
  await call('tasks.stop', { task: id });
  t.is((await ended(id)).status, 'stopped');
  t.regex(
    await log(id),
    /the abort command, at most 180 seconds.*\n(.*\n)*main\.py\nsaved for \w+\n.*ended with status 3/,
  );
});

test('a daemon in the background: its log rotates without losing a line, and --stop ends it', async (t) => {
  const { agent, enqueue, ended, repository } = await agentUnderTest(t);
  const started = agent('daemon', '--queue', 'default', '--detached');
  t.is((await started.exited).code, 0, started.output());
  const log = /process \d+, writing to (\S+\.log)/.exec(started.output())?.[1] ?? '';
  const url = repository({ 'main.py': 'for n in range(1200): print(f"[{n}]", "x" * 9_000)\n' });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  t.is((await ended(id)).status, 'completed');
  const stopped = agent('daemon', '--stop');
  t.is((await stopped.exited).code, 0, stopped.output());
  const text = readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8');
  t.true(readFileSync(log).length < 10_000_000);
  t.deepEqual(
    [...text.matchAll(/^\[(\d+)\] x{9000}$/gm)].map(([, number]) => Number(number)),
    Array.from({ length: 1200 }, (_, number) => number),
  );
  const again = agent('daemon', '--stop');
  t.is((await again.exited).code, 1);
  t.true(again.output().includes('no agent runs on this machine'), again.output());
});

test('SIGTERM while the server fails the look at the queues ends a daemon at once', async (t) => {
  const { daemon, home, server } = await agentUnderTest(t);
  let looks = 0;
  const url = await hookedFront(t, server.url, {
    refuse: ({ endpoint }) => {
      if (!endpoint.startsWith('queues.')) return undefined;
      looks += 1;
      return { status: 500, subcode: 0 };
    },
  });
  Object.assign(home.env, { CLEARML_API_HOST: url });
  const running = daemon();
  await until(() => looks > 0, { what: 'the look at the queues', context: running.output });
  running.kill('SIGTERM');
  const ended = await Promise.race([running.exited, sleep(20_000, 'still there', { ref: false })]);
  t.deepEqual(ended, { code: 0, signal: null }, running.output());
});
