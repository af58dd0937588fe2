import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { cutLaunched, journalOf, runsFolder } from '../../support/run-journal.js';
import { until } from '../../support/until.js';

/** Writes a line to `begun` each time it begins, prints numbers until `go` is there, then ten more. */
const COUNTING = (folder: string) => `import os, time
open("${folder}/begun", "a").write("begun\\n")
i = 0
more = 10
while more > 0:
    print("line", i, flush=True)
    i += 1
    if os.path.exists("${folder}/go"): more -= 1
    else: time.sleep(0.05)
`;

function numbered(text: string): number[] {
  return [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
}

function begun({ home }: AgentUnderTest): number {
  const file = path.join(home.folder, 'begun');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
}

/** A task that runs without its daemon, which was killed. */
async function orphaned(test: AgentUnderTest): Promise<string> {
  const { home, enqueue, repository, daemon, log } = test;
  const url = repository({ 'main.py': COUNTING(home.folder) });
  const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  const first = daemon();
  await until(async () => numbered(await log(id)).length > 0, { what: 'a line', context: first.output });
  first.kill('SIGKILL');
  await first.exited;
  return id;
}

for (const line of ['{"version":99,"step":"launched","workload":{}}', '{"step":"paused","until":"noon"}']) {
  test(`a run with ${line} is left alone until a version comes that knows it`, async (t) => {
    const under = await agentUnderTest(t);
    const { home, daemon, agent, enqueue, ended, log, task } = under;
    const id = await orphaned(under);
    const file = journalOf(under);
    const sound = readFileSync(file, 'utf8');
    appendFileSync(file, `${line}\n`);
    const second = daemon();
    const other = await enqueue({ binary: '/bin/sh', entry_point: 'a.sh', diff: '#!/bin/sh\necho ran\n' });
    t.is((await ended(other)).status, 'completed', second.output());
    t.regex(
      second.output(),
      /journal\.jsonl .*(newer version|step "paused").*folder, processes and container stay/,
    );
    t.is((await task(id)).status, 'in_progress');
    const prune = agent('cache', 'prune', '--all', '--undelivered');
    await prune.exited;
    t.true(existsSync(file), prune.output());
    second.kill('SIGKILL');
    await second.exited;
    writeFileSync(file, sound);
    const third = daemon();
    writeFileSync(path.join(home.folder, 'go'), '');
    t.is((await ended(id)).status, 'completed', third.output());
    const lines = numbered(await log(id));
    t.deepEqual(
      lines,
      Array.from({ length: lines.length }, (_, index) => index),
    );
    t.is(begun(under), 1);
  });
}

test('a command that was started and not noted is attached to', async (t) => {
  const under = await agentUnderTest(t);
  const { home, daemon, ended, log } = under;
  const id = await orphaned(under);
  cutLaunched(journalOf(under));
  const second = daemon();
  await until(() => second.output().includes('attached again'), {
    what: 'the attach',
    context: second.output,
  });
  writeFileSync(path.join(home.folder, 'go'), '');
  t.is((await ended(id)).status, 'completed', second.output());
  const lines = numbered(await log(id));
  t.deepEqual(
    lines,
    Array.from({ length: lines.length }, (_, index) => index),
  );
  t.is(begun(under), 1);
});

test('a command that was started and not noted, and has ended since, is reported', async (t) => {
  const under = await agentUnderTest(t);
  const { home, daemon, ended, log } = under;
  const id = await orphaned(under);
  const file = journalOf(under);
  cutLaunched(file);
  writeFileSync(path.join(home.folder, 'go'), '');
  const status = path.join(path.dirname(file), 'exit-status');
  await until(() => /^\d+\n/.test(readFileSync(status, 'latin1')), { what: 'the end of the command' });
  const second = daemon();
  t.is((await ended(id)).status, 'completed', second.output());
  const lines = numbered(await log(id));
  t.deepEqual(
    lines,
    Array.from({ length: lines.length }, (_, index) => index),
  );
  t.is(begun(under), 1);
});

function isLaunching(test: AgentUnderTest): boolean {
  const runs = runsFolder(test);
  return (
    existsSync(runs) && readdirSync(runs).some((name) => existsSync(path.join(runs, name, 'exit-status')))
  );
}

for (const seed of [0, 1, 2, 3, 4, 5]) {
  test.serial(`a daemon that is killed as the command starts runs it once: ${seed}`, async (t) => {
    const under = await agentUnderTest(t);
    const { home, daemon, ended, log, enqueue, repository } = under;
    const url = repository({ 'main.py': COUNTING(home.folder) });
    const id = await enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
    const first = daemon();
    const deadline = Date.now() + 60_000;
    while (!isLaunching(under)) {
      if (Date.now() > deadline) throw new Error(first.output());
      await sleep(1);
    }
    await sleep(seed * 2);
    first.kill('SIGKILL');
    await first.exited;
    writeFileSync(path.join(home.folder, 'go'), '');
    const second = daemon();
    t.is((await ended(id)).status, 'completed', second.output());
    const lines = numbered(await log(id));
    t.deepEqual(
      lines,
      Array.from({ length: lines.length }, (_, index) => index),
    );
    t.is(begun(under), 1, await log(id));
  });
}

test('a daemon that was killed as it took a task puts back the one that it got, whichever that is', async (t) => {
  t.timeout(180_000);
  const under = await agentUnderTest(t);
  const { daemon, enqueue, ended, call, queue, task } = under;
  const script = { binary: '/bin/sh', entry_point: 'a.sh', diff: '#!/bin/sh\necho ran\n' };
  const [first, second] = [await enqueue(script), await enqueue(script)];
  const run = path.join(runsFolder(under), 'a-0123456789.1');
  mkdirSync(run, { recursive: true });
  const others = [{ task: second, queue }];
  const step = { version: 2, step: 'popping', task: first, queue, others };
  writeFileSync(path.join(run, 'journal.jsonl'), `${JSON.stringify(step)}\n`);
  // Another agent has the first one and runs it; the second one is what the killed daemon got.
  await call('queues.get_next_task', { queue });
  await call('tasks.started', { task: first, status_message: 'Changed by clearml-agent other' });
  await call('queues.get_next_task', { queue });
  const running = daemon();
  t.is((await ended(second, 120_000)).status, 'completed', running.output());
  t.regex(running.output(), new RegExp(`task ${second}: was taken off its queue and no agent has it`));
  t.is((await task(first)).status, 'in_progress');
  t.false(existsSync(run), 'nothing is in doubt any more');
});
