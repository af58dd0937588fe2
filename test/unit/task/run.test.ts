import { getEventListeners, once } from 'node:events';
import { readdirSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { TaskRecord, TaskStatus } from '../../../src/api/task-record.js';
import { carryOut, openRun } from '../../../src/daemon/runs/manage-run.js';
import { Journal } from '../../../src/runs/journal.js';
import { resumeTask, runTask } from '../../../src/task/run.js';
import { type FakeBehaviour, FakeDriver } from '../../support/fake-driver.js';
import { type MemoryRun, memoryRun } from '../../support/memory-agent.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

function recordOf(behaviour: FakeBehaviour): Partial<TaskRecord> {
  const variables = Object.entries(behaviour).map(([name, value]) => [
    name,
    { section: 'Environment', name, value: String(value) },
  ]);
  return {
    script: { binary: '/bin/sh', entry_point: 'run.sh', diff: '#!/bin/sh\necho hello\n' },
    hyperparams: { Environment: Object.fromEntries(variables) },
  };
}

async function started(t: ExecutionContext, behaviour: FakeBehaviour, driver = new FakeDriver()) {
  const made = await memoryRun(t, { driver, record: recordOf(behaviour) });
  return { ...made, driver };
}

function carried({ run, folders }: MemoryRun) {
  return carryOut(run, folders, runTask);
}

const LAUNCHED = ['open', 'environment', 'exec', 'launch', 'output', 'dispose'];

interface Case {
  title: string;
  behaviour: FakeBehaviour;
  status: TaskStatus;
  reason: RegExp;
  failure?: string;
  log?: RegExp;
  /** Calls of the driver that must have come in this order. */
  calls: readonly string[];
}

const CASES: readonly Case[] = [
  {
    title: 'a command that ends well completes its task',
    behaviour: { FAKE_OUTPUT: 'hello\n' },
    status: 'completed',
    reason: /execution done/,
    log: /hello\n/,
    calls: LAUNCHED,
  },
  {
    title: 'a place that opens slowly is waited for',
    behaviour: { FAKE_OPEN_MS: '300' },
    status: 'completed',
    reason: /execution done/,
    calls: LAUNCHED,
  },
  {
    title: 'a place that does not open fails the task',
    behaviour: { FAKE_OPEN_FAILS: 'no such image' },
    status: 'failed',
    reason: /failed getting the container image/,
    failure: 'image_pull',
    log: /no such image/,
    calls: ['open'],
  },
  {
    title: 'a command that does not start fails the task, and its place is removed',
    behaviour: { FAKE_LAUNCH_FAILS: 'no such program' },
    status: 'failed',
    reason: /failed preparing the task/,
    failure: 'setup',
    log: /no such program/,
    calls: ['open', 'environment', 'exec', 'launch', 'dispose'],
  },
  {
    title: 'output that breaks costs the rest of the log, not the exit status',
    behaviour: { FAKE_OUTPUT: 'the first half\n', FAKE_OUTPUT_BREAKS: 'yes', FAKE_EXIT_CODE: '3' },
    status: 'failed',
    reason: /exit code 3/,
    failure: 'user_exit_code',
    log: /the first half\n/,
    calls: LAUNCHED,
  },
  {
    title: 'a signal is named',
    behaviour: { FAKE_SIGNAL: 'SIGSEGV' },
    status: 'failed',
    reason: /SIGSEGV/,
    failure: 'signal',
    calls: LAUNCHED,
  },
  {
    title: 'an end for lack of memory is named',
    behaviour: { FAKE_OUT_OF_MEMORY: 'yes' },
    status: 'failed',
    reason: /memory/,
    failure: 'out_of_memory',
    calls: LAUNCHED,
  },
  {
    title: 'a command that is lost fails the task with what is known',
    behaviour: { FAKE_LOST: 'the machine was restarted' },
    status: 'failed',
    reason: /the machine was restarted/,
    failure: 'agent_lost',
    calls: LAUNCHED,
  },
];

for (const { title, behaviour, status, reason, failure, log, calls } of CASES) {
  test(title, async (t) => {
    const made = await started(t, behaviour);
    await carried(made);
    const { record } = made.task;
    t.is(record.status, status);
    t.regex(`${record.status_reason}`, reason);
    t.is(record.runtime?.failure_class, failure);
    if (log) t.regex(made.task.log, log);
    t.deepEqual(made.driver.calls, [...calls]);
  });
}

test('a stop by the user ends a command that is slow to stop, and its task is stopped', async (t) => {
  const made = await started(t, { FAKE_RUN_MS: 'forever', FAKE_STOP_MS: '100' });
  const done = carried(made);
  await until(() => made.driver.calls.includes('output'), { what: 'the launch' });
  made.task.stop();
  await done;
  t.is(made.task.record.status, 'stopped');
  t.deepEqual(made.driver.calls.slice(-3), ['output', 'stop', 'dispose']);
});

test('after a hand-over the next agent attaches to the command, and only then is its place removed', async (t) => {
  const made = await started(t, { FAKE_OUTPUT: 'a\nb\n', FAKE_RUN_MS: '1500' });
  const done = carried(made);
  await until(() => made.driver.calls.includes('output'), { what: 'the launch' });
  made.handOver.abort();
  t.is(await done, 'handed-over');
  t.false(made.driver.calls.includes('dispose'));
  const { state } = made.run.journal;
  if (state === undefined) return t.fail('no journal');
  const driver = made.driver;
  const next = await memoryRun(t, { driver, record: made.task.record });
  await carryOut(next.run, next.folders, (run) => resumeTask(run, state));
  t.is(next.task.record.status, 'completed');
  t.true(driver.calls.includes('attach'));
});

/** Holds up the lines of a task until it is released. */
function heldLines({ task }: MemoryRun): () => void {
  const released = new AbortController();
  task.takesLines = once(released.signal, 'abort').then(() => undefined);
  return () => released.abort();
}

test('an abort while only the log of an ended command is sent does not ask for a callback', async (t) => {
  const driver = new FakeDriver();
  const record = { ...recordOf({ FAKE_OUTPUT: 'hello\n' }), runtime: { _abort_callback_timeout: 30 } };
  const made = { ...(await memoryRun(t, { driver, record })), driver };
  const release = heldLines(made);
  const done = carried(made);
  await until(() => made.run.journal.state?.last === 'ended', { what: 'the end of the command' });
  made.task.stop();
  await until(() => made.run.halt?.verdict === 'stopped', { what: 'the abort' });
  release();
  await done;
  t.is(made.task.record.status, 'stopped');
  t.regex(made.task.log, /hello/);
  t.notRegex(made.task.log, /abort callback/);
});

for (const [status, log] of [
  ['created', ''],
  ['in_progress', 'the rest\n'],
] as const) {
  test(`the rest of a log that an earlier agent left, where the task is ${status}`, async (t) => {
    const made = await started(t, {});
    const { run, task, folders } = made;
    const release = heldLines(made);
    const workload = { kind: 'fake', taskId: run.task, output: '' };
    await run.journal.write({ step: 'launched', workload });
    await run.journal.write({ step: 'ended', end: { kind: 'exit', exit: { kind: 'exited', code: 0 } } });
    run.log.line('the rest');
    await run.log.detach();
    const { state } = run.journal;
    if (state === undefined) return t.fail('no journal');
    task.record.status = status;
    release();
    const next = await openRun(run.ctx, run);
    await carryOut(next, folders, (one) => resumeTask(one, state));
    t.is(task.log, log);
    t.is<TaskStatus, TaskStatus>(task.record.status, status === 'created' ? 'created' : 'completed');
  });
}

test('output whose space was freed is not read again as zeros where the log was damaged since', async (t) => {
  const lines = Array.from({ length: 20_500 }, (_, index) => `${String(index).padStart(1023)}\n`);
  const made = await started(t, { FAKE_OUTPUT: lines.join(''), FAKE_RUN_MS: 'forever' });
  const { run, task, folders, driver } = made;
  const done = carried(made);
  await until(() => driver.calls.includes('release'), { what: 'the release of space' });
  made.handOver.abort();
  t.is(await done, 'handed-over');
  const { state } = run.journal;
  if (state?.workload === undefined) return t.fail('no journal');
  const log = path.join(run.folder, 'log');
  const [newest = '', before = ''] = readdirSync(log)
    .filter((name) => name.endsWith('.spool'))
    .toSorted()
    .toReversed();
  rmSync(path.join(log, newest));
  truncateSync(path.join(log, before), 500_000);
  const { signal } = new AbortController();
  const signals = { stop: signal, kill: signal, handOver: signal };
  const journal = await Journal.open(temporaryFolder(t));
  await journal.write({ step: 'pulled', task: run.task, queue: run.queue });
  await journal.write({ step: 'launched', workload: state.workload });
  const next = await openRun(run.ctx, { ...run, signals, journal });
  const rest = carryOut(next, folders, (one) => resumeTask(one, state));
  await until(() => / missing here/.test(task.log), { what: 'the note' });
  task.stop();
  await rest;
  t.regex(
    task.log,
    /^\d+ bytes of output are missing here: the log on this machine, which had them, was damaged$/m,
  );
  t.false(task.log.includes('\0'));
  t.true(task.log.includes(lines.at(-1) ?? ''));
});

test('a run leaves nothing in the signals of its daemon', async (t) => {
  const made = await started(t, { FAKE_OUTPUT: 'hello\n' });
  await carried(made);
  const { stop, kill, handOver } = made.run.signals;
  for (const signal of [stop, kill, handOver]) {
    t.deepEqual(getEventListeners(signal, 'abort'), []);
    t.is(dependents(signal), 0);
  }
  AbortSignal.any([stop]);
  t.is(dependents(stop), 1);
});

/** Signals that Node has made of this one by `AbortSignal.any`; it keeps an entry for each, also once they are gone. */
function dependents(signal: AbortSignal): number {
  const key = Object.getOwnPropertySymbols(signal).find((one) => one.description === 'kDependantSignals');
  const found: ReadonlySet<unknown> | undefined = key && Reflect.get(signal, key);
  return found?.size ?? 0;
}
