import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

/** Machines that run many tests at once are slow. */
const PATIENCE_MS = 170_000;

/** Writes a line to `begun` each time it begins, then waits for `go`. */
const WAITING = (folder: string) => `import os, time
open("${folder}/begun", "a").write("begun\\n")
print("begun", flush=True)
while not os.path.exists("${folder}/go"): time.sleep(0.05)
`;

/** Folders of the runs of all workers. */
function runs({ home }: AgentUnderTest): string[] {
  const workers = path.join(home.folder, '.clearml', 'agent', 'workers');
  return readdirSync(workers)
    .map((worker) => path.join(workers, worker, 'runs'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
}

/** A task whose daemon was killed and whose run folder is gone; answers the leader of its processes, too. */
async function lost(under: AgentUnderTest, ...flags: string[]): Promise<{ id: string; pid: number }> {
  const { home, daemon, enqueue, log, repository } = under;
  const url = repository({ 'main.py': WAITING(home.folder) });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  const first = daemon(...flags);
  await until(async () => /^begun$/m.test(await log(id)), {
    what: 'the task',
    context: first.output,
    timeoutMs: PATIENCE_MS,
  });
  first.kill('SIGKILL');
  await first.exited;
  const run = runs(under).find((one) => path.basename(one).startsWith(id)) ?? 'none';
  const [, pid] = /"pid":(\d+)/.exec(readFileSync(path.join(run, 'journal.jsonl'), 'utf8')) ?? [];
  rmSync(run, { recursive: true });
  return { id, pid: Number(pid) };
}

for (const flags of [[], ['--services-mode']]) {
  test(`a task whose run left nothing on this machine fails as agent_lost: ${flags}`, async (t) => {
    t.timeout(2 * PATIENCE_MS);
    const under = await agentUnderTest(t);
    const { id, pid } = await lost(under, ...flags);
    process.kill(-pid, 'SIGKILL');
    t.is((await under.task(id)).status, 'in_progress');
    const { output } = under.daemon(...flags);
    const { status, status_reason, runtime } = await under.ended(id, PATIENCE_MS);
    t.deepEqual([status, runtime.failure_class], ['failed', 'agent_lost'], output());
    t.regex(status_reason, /^worker execution lost: /);
    t.regex(await under.log(id), /Process failed: no exit status was left behind/);
    t.is(output().match(new RegExp(`WARNING.*task ${id}: .*no run of it is left`, 'g'))?.length, 1, output());
    await until(() => runs(under).length === 0, { what: 'the folder of the run to go' });
  });
}

test('a daemon that waits for reports of a lost run takes tasks meanwhile, and ends at once when it is stopped', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const under = await agentUnderTest(t, { CLEARML_AGENT_STATUS_REPORT_FREQ_SEC: '600' });
  const { id, pid } = await lost(under);
  process.kill(-pid, 'SIGKILL');
  const next = under.daemon();
  await until(() => next.output().includes(`task ${id}: is in progress and no run of it is left`), {
    what: 'the wait',
    context: next.output,
    timeoutMs: PATIENCE_MS,
  });
  const other = await under.enqueue({ binary: '/bin/sh', entry_point: 'a.sh', diff: 'echo ran\n' });
  t.is((await under.ended(other, PATIENCE_MS)).status, 'completed', next.output());
  t.is((await under.task(id)).status, 'in_progress');
  next.kill('SIGTERM');
  t.is((await next.exited).code, 0, next.output());
});

test('a daemon attaches to a command whose run folder is gone, and reports its exit status', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const under = await agentUnderTest(t);
  const { id } = await lost(under);
  const { output } = under.daemon();
  await until(() => output().includes('attached again'), {
    what: 'the attach',
    context: output,
    timeoutMs: PATIENCE_MS,
  });
  writeFileSync(path.join(under.home.folder, 'go'), '');
  t.is((await under.ended(id, PATIENCE_MS)).status, 'completed', `${output()}\n${await under.log(id)}`);
  t.is(readFileSync(path.join(under.home.folder, 'begun'), 'utf8'), 'begun\n');
  t.regex(await under.log(id), /the folder of this run was removed/);
});

test('an abort of a task without a run takes effect', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const under = await agentUnderTest(t);
  const { id, pid } = await lost(under);
  process.kill(-pid, 'SIGKILL');
  await under.call('tasks.stop', { task: id });
  t.regex((await under.task(id)).status_message, /stopping/);
  const { output } = under.daemon();
  t.is((await under.ended(id, PATIENCE_MS)).status, 'stopped', output());
});

test('a task that another agent with the same worker id reports stays in progress', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const under = await agentUnderTest(t);
  const { id, pid } = await lost(under);
  process.kill(-pid, 'SIGKILL');
  const report = () =>
    under.call('workers.status_report', { worker: 'test:0', task: id, timestamp: Date.now() });
  const other = setInterval(() => void report(), 500);
  t.teardown(() => clearInterval(other));
  const { output } = under.daemon();
  await until(() => output().includes(`task ${id}: another agent reports it`), {
    what: 'the other agent to be seen',
    context: output,
    timeoutMs: PATIENCE_MS,
  });
  t.is((await under.task(id)).status, 'in_progress');
  await until(() => runs(under).length === 0, { what: 'the folder of the run to go' });
});

/** Tasks in progress that are not a lost run of the daemon `test:0`, by what differs. */
const OTHERS: [what: string, facts: { worker?: string; message?: string; host?: string }][] = [
  ['of another worker', { worker: 'test:01' }],
  ['of a worker whose id begins alike', { worker: 'test:0:gpu1' }],
  ['that a user runs by hand', { message: '' }],
  ['of a machine with the same worker id', { host: `not-${hostname()}` }],
];

test('tasks of others stay in progress', async (t) => {
  t.timeout(PATIENCE_MS);
  const { call, enqueue, daemon, ended, task } = await agentUnderTest(t);
  const script = { binary: '/bin/sh', entry_point: 'a.sh', diff: '#!/bin/sh\necho ran\n' };
  const others = await Promise.all(
    OTHERS.map(async ([what, { worker = 'test:0', message, host = hostname() }]) => {
      const id = await enqueue(script);
      await call('tasks.dequeue', { task: id, new_status: 'created' });
      await call('tasks.started', {
        task: id,
        status_message: message ?? `Changed by clearml-agent ${worker}`,
      });
      await call('tasks.edit', { task: id, force: true, runtime: { _exec_agent_hostname: host } });
      await call('workers.status_report', { worker, task: id, timestamp: Date.now() });
      return { id, what };
    }),
  );
  const { output } = daemon();
  t.is((await ended(await enqueue(script), PATIENCE_MS)).status, 'completed', output());
  for (const { id, what } of others) t.is((await task(id)).status, 'in_progress', `a task ${what}`);
  t.false(output().includes('no run of it is left'), output());
});

test('the lines of a set-up that was cut short reach the server before those of the next attempt', async (t) => {
  t.timeout(2 * PATIENCE_MS);
  const { home, daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const mark = path.join(home.folder, 'set-up');
  const setup = `import os, time
if not os.path.exists("${mark}"):
    open("${mark}", "w").close()
    time.sleep(30)
from setuptools import setup
setup(name="slow", version="1")
`;
  const url = repository({ 'main.py': 'print("ran")\n', 'slow/setup.py': setup });
  const id = await enqueue({
    repository: url,
    branch: 'main',
    entry_point: 'main.py',
    requirements: { pip: './slow\n' },
  });
  const first = daemon();
  await until(() => existsSync(mark), { what: 'the set-up', context: first.output, timeoutMs: PATIENCE_MS });
  first.kill('SIGKILL');
  await first.exited;
  const { output } = daemon();
  t.is((await ended(id, PATIENCE_MS)).status, 'completed', output());
  const attempts = (await log(id)).split(
    /^the agent was killed or stopped while preparing the task; it goes back to the front of its queue$/m,
  );
  t.is(attempts.length, 2, await log(id));
  for (const attempt of attempts) {
    t.is(attempt.match(/pulled from/g)?.length, 1, attempt);
    t.regex(attempt, /^\[claim\]/m);
    t.regex(attempt, /^\[code\]/m);
  }
  t.regex(attempts[1] ?? '', /^ran$/m);
});
