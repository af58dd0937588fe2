import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { cutLaunched, journalOf, runsFolder } from '../../support/run-journal.js';
import { until } from '../../support/until.js';

/** Machines that run many tests at once are slow. */
const PATIENCE_MS = 170_000;

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

/** A task with such a program, which waits in the queue. */
function enqueueCounting({ home, enqueue, repository }: AgentUnderTest): Promise<string> {
  const url = repository({ 'main.py': COUNTING(home.folder) });
  return enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
}

/** Lets the program end. */
function letGo({ home }: AgentUnderTest): void {
  writeFileSync(path.join(home.folder, 'go'), '');
}

/** The task completes, it ran once, and its log has each line once. */
async function completesOnce(
  t: ExecutionContext,
  under: AgentUnderTest,
  { id, output }: { id: string; output(): string },
): Promise<void> {
  const { status } = await under.ended(id, PATIENCE_MS);
  t.is(status, 'completed', `${output()}\n${await under.log(id)}`);
  const lines = numbered(await under.log(id));
  t.true(lines.length >= 10);
  t.deepEqual(lines, [...lines.keys()]);
  t.is(begun(under), 1, await under.log(id));
}

function numbered(text: string): number[] {
  return [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
}

function begun({ home }: AgentUnderTest): number {
  const file = path.join(home.folder, 'begun');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
}

/** A task that runs without its daemon, which was killed. */
async function orphaned(test: AgentUnderTest): Promise<string> {
  const { daemon, log } = test;
  const id = await enqueueCounting(test);
  const first = daemon();
  await until(async () => numbered(await log(id)).length > 0, {
    what: 'a line',
    context: first.output,
    timeoutMs: PATIENCE_MS,
  });
  first.kill('SIGKILL');
  await first.exited;
  return id;
}

for (const line of ['{"version":99,"step":"launched","workload":{}}', '{"step":"paused","until":"noon"}']) {
  test(`a run with ${line} is left alone until a version comes that knows it`, async (t) => {
    const under = await agentUnderTest(t);
    const { daemon, agent, enqueue, ended, task } = under;
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
    letGo(under);
    await completesOnce(t, under, { id, output: third.output });
  });
}

const DAMAGES: [what: string, damage: (journal: string) => void][] = [
  ['lacks the launch', cutLaunched],
  ['is empty', (journal) => truncateSync(journal)],
  ['is gone', (journal) => rmSync(journal)],
  ['is zeros', (journal) => writeFileSync(journal, Buffer.alloc(512))],
  [
    'is a folder',
    (journal) => {
      rmSync(journal);
      mkdirSync(journal);
    },
  ],
  [
    'lacks the task',
    (journal) => {
      const lines = readFileSync(journal, 'utf8').split('\n');
      writeFileSync(journal, lines.filter((line) => !/"(popping|pulled)"/.test(line)).join('\n'));
    },
  ],
];

for (const [what, damage] of DAMAGES) {
  test.serial(`a command whose journal ${what} is attached to`, async (t) => {
    const under = await agentUnderTest(t);
    const id = await orphaned(under);
    damage(journalOf(under));
    const { output } = under.daemon();
    await until(() => output().includes('attached again'), {
      what: 'the attach',
      context: output,
      timeoutMs: PATIENCE_MS,
    });
    letGo(under);
    await completesOnce(t, under, { id, output });
    await until(() => readdirSync(runsFolder(under)).length === 0, { what: 'the folder of the run to go' });
  });

  test.serial(`a command that has ended and whose journal ${what} is reported`, async (t) => {
    const under = await agentUnderTest(t);
    const id = await orphaned(under);
    const journal = journalOf(under);
    damage(journal);
    letGo(under);
    const status = path.join(path.dirname(journal), 'exit-status');
    await until(() => /^\d+ *\n/.test(readFileSync(status, 'latin1')), { what: 'the end of the command' });
    await completesOnce(t, under, { id, output: under.daemon().output });
  });
}

test.serial('a run whose journal and processes are gone leaves no task in progress', async (t) => {
  const under = await agentUnderTest(t);
  const id = await orphaned(under);
  const journal = journalOf(under);
  const [, launched = ''] = /"pid":(\d+)/.exec(readFileSync(journal, 'utf8')) ?? [];
  process.kill(-Number(launched), 'SIGKILL');
  truncateSync(journal);
  const { output } = under.daemon();
  const { status, status_reason } = await under.ended(id, PATIENCE_MS);
  t.is(status, 'failed', output());
  t.regex(status_reason, /./);
  t.is(begun(under), 1);
});

test.serial(
  'a task whose journal is lost during its set-up is put back, and what is left of the set-up ended',
  async (t) => {
    const under = await agentUnderTest(t);
    const { home, daemon, enqueue, repository, task } = under;
    const note = path.join(home.folder, 'set-up');
    // The package stops its own installation, the first time.
    const setup = `import os, time
if not os.path.exists(${JSON.stringify(note)}):
    open(${JSON.stringify(note)}, "w").write(str(os.getpid()))
    time.sleep(600)
from setuptools import setup
setup(name="slow", version="1")
`;
    const url = repository({ 'main.py': COUNTING(home.folder), 'slow/setup.py': setup });
    const id = await enqueue({
      repository: url,
      branch: 'main',
      entry_point: 'main.py',
      requirements: { pip: './slow' },
    });
    const first = daemon();
    await until(() => existsSync(note) && readFileSync(note, 'utf8'), {
      what: 'the set-up',
      context: first.output,
      timeoutMs: 120_000,
    });
    t.is((await task(id)).status, 'in_progress');
    first.kill('SIGKILL');
    await first.exited;
    const [run = ''] = readdirSync(runsFolder(under)).filter((name) => name.startsWith(id));
    truncateSync(path.join(runsFolder(under), run, 'journal.jsonl'));
    const pid = Number(readFileSync(note, 'utf8'));
    letGo(under);
    const { output } = daemon();
    await completesOnce(t, under, { id, output });
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  },
);

function isLaunching(test: AgentUnderTest): boolean {
  const runs = runsFolder(test);
  return (
    existsSync(runs) && readdirSync(runs).some((name) => existsSync(path.join(runs, name, 'exit-status')))
  );
}

for (const seed of [0, 1, 2, 3, 4, 5]) {
  test.serial(`a daemon that is killed as the command starts runs it once: ${seed}`, async (t) => {
    const under = await agentUnderTest(t);
    const { daemon } = under;
    const id = await enqueueCounting(under);
    const first = daemon();
    const deadline = Date.now() + 60_000;
    while (!isLaunching(under)) {
      if (Date.now() > deadline) throw new Error(first.output());
      await sleep(1);
    }
    await sleep(seed * 2);
    first.kill('SIGKILL');
    await first.exited;
    letGo(under);
    await completesOnce(t, under, { id, output: daemon().output });
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

test('a daemon whose only slot is taken looks once more, as it ends, at what an earlier one may have taken', async (t) => {
  const under = await agentUnderTest(t);
  const { daemon, enqueue, call, log, home } = under;
  const script = { binary: '/bin/sh', entry_point: 'a.sh', diff: '#!/bin/sh\necho begun\nsleep 600\n' };
  const [runs, waits] = [await enqueue(script), await enqueue(script)];
  const first = daemon();
  await until(async () => (await log(runs)).includes('begun'), { what: 'the task', context: first.output });
  first.kill('SIGKILL');
  await first.exited;
  t.regex(readFileSync(journalOf(under), 'utf8'), new RegExp(`"others":\\[{"task":"${waits}"`));
  // As another agent does.
  await call('queues.get_next_task', { queue: under.queue });
  await call('tasks.started', { task: waits });
  const second = daemon();
  await until(() => second.output().includes('attached again'), {
    what: 'the second daemon',
    context: second.output,
  });
  second.kill('SIGTERM');
  await second.exited;
  t.notRegex(second.output(), /it is not known whether it was taken/);
  t.deepEqual(readdirSync(runsFolder({ home })), []);
});
