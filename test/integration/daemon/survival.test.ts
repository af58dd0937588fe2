import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

const COUNT = 120;
const COUNTING = `import time\nfor i in range(${COUNT}):\n    print("line", i, flush=True)\n    time.sleep(0.05)\n`;

function numbered(text: string): number[] {
  return [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
}

test('a task keeps running while its daemon is killed, and every line arrives once', async (t) => {
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({ 'main.py': COUNTING });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  let running = daemon();
  await until(async () => numbered(await log(id)).length > 0, {
    what: 'the first line',
    context: running.output,
  });
  for (let kills = 0; kills < 3; kills += 1) {
    running.kill('SIGKILL');
    await running.exited;
    await sleep(300);
    running = daemon();
    await sleep(900);
  }
  const task = await ended(id);
  t.is(task.status, 'completed', `${task.status_reason}\n${running.output()}`);
  t.deepEqual(
    numbered(await log(id)),
    Array.from({ length: COUNT }, (_, index) => index),
  );
});

test('a task that ends while no daemon runs is finished by the next one', async (t) => {
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({
    'main.py':
      'import time\nprint("begun", flush=True)\ntime.sleep(1)\nprint("last words")\nraise SystemExit(4)\n',
  });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  const first = daemon();
  await until(async () => (await log(id)).includes('begun'), { what: 'the task', context: first.output });
  first.kill('SIGKILL');
  await first.exited;
  await sleep(1500);
  daemon();
  const task = await ended(id);
  t.deepEqual([task.status, task.status_reason], ['failed', 'worker execution exit code 4']);
  t.is(task.runtime.failure_class, 'user_exit_code');
  t.true((await log(id)).includes('last words'));
});

/** A package that takes its time when it is built for the first time. */
function slowOnce(mark: string): string {
  return [
    'import os, time',
    'from setuptools import setup',
    `if not os.path.exists("${mark}"):`,
    `    open("${mark}", "w").close()`,
    '    time.sleep(30)',
    'setup(name="slow", version="1")',
    '',
  ].join('\n');
}

test('a task whose set-up was cut short goes back to its queue and runs', async (t) => {
  const { home, daemon, enqueue, ended, log, task, repository } = await agentUnderTest(t);
  const mark = path.join(home.folder, 'begun');
  const url = repository({ 'main.py': 'print("ran")\n', 'slow/setup.py': slowOnce(mark) });
  const script = {
    repository: url,
    branch: 'main',
    entry_point: 'main.py',
    requirements: { pip: './slow\n' },
  };
  const id = await enqueue(script);
  const first = daemon();
  await until(() => existsSync(mark), { what: 'the set-up', context: first.output });
  first.kill('SIGKILL');
  await first.exited;
  t.is((await task(id)).status, 'in_progress');
  const second = daemon();
  await until(() => second.output().includes('back in its queue'), {
    what: 'the task to be put back',
    context: second.output,
  });
  t.is((await ended(id)).status, 'completed', await log(id));
  t.regex(await log(id), /^ran$/m);
});

test('SIGUSR2 leaves the task to the next daemon', async (t) => {
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({ 'main.py': COUNTING });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  const first = daemon();
  await until(async () => numbered(await log(id)).length > 5, { what: 'some lines', context: first.output });
  first.kill('SIGUSR2');
  t.is((await first.exited).code, 0, first.output());
  daemon();
  t.is((await ended(id)).status, 'completed');
  t.deepEqual(
    numbered(await log(id)),
    Array.from({ length: COUNT }, (_, index) => index),
  );
});
