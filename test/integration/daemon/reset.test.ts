import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { hookedFront, type PassingCall } from '../../support/hooked-front.js';
import { journalOf, runsFolder } from '../../support/run-journal.js';
import { until } from '../../support/until.js';

type Side = 'before' | 'after';

/** The calls of a claim: two looks around `tasks.dequeue`, one after `tasks.started`. */
const CLAIM = ['get_by_id', 'dequeue', 'get_by_id', 'started', 'get_by_id'] as const;

interface Moment {
  /** Place in the claim; -1 is the pull. */
  call: number;
  side: Side;
}

const SIDES = ['before', 'after'] as const;

/** From the pull to the start. */
const MOMENTS: readonly Moment[] = [
  { call: -1, side: 'after' },
  ...CLAIM.flatMap((_, call) => SIDES.map((side) => ({ call, side }))).slice(0, -1),
];

function textOf({ call, side }: Moment): string {
  return `${side} ${CLAIM[call] ?? 'get_next_task'} (${call})`;
}

/** A daemon whose next task is reset, and perhaps queued again, at a moment of its claim. */
async function daemonWithResets(t: ExecutionContext, { requeue = false } = {}) {
  const agent = await agentUnderTest(t);
  const planned = new Map<string, Moment>();
  const calls = new Map<string, number>();
  const done: string[] = [];
  const at = async (side: Side, task: string, call: number) => {
    const moment = planned.get(task);
    if (moment?.call !== call || moment.side !== side) return;
    planned.delete(task);
    await agent.call('tasks.reset', { task });
    if (requeue) await agent.call('tasks.enqueue', { task, queue: agent.queue });
    done.push(task);
  };
  const pass = async (side: Side, { endpoint, body }: PassingCall) => {
    if (!/^tasks\.(get_by_id|dequeue|started)$/.test(endpoint)) return;
    const task: string = JSON.parse(body).task;
    const call = (calls.get(task) ?? -1) + (side === 'before' ? 1 : 0);
    calls.set(task, call);
    if (planned.has(task)) t.is(endpoint, `tasks.${CLAIM[call]}`);
    await at(side, task, call);
  };
  const url = await hookedFront(t, agent.server.url, {
    before: (call) => pass('before', call),
    after: async (call) => {
      const task: string | undefined =
        call.endpoint === 'queues.get_next_task' ? JSON.parse(call.answer).data.entry?.task : undefined;
      if (task !== undefined) await at('after', task, -1);
      await pass('after', call);
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: url, CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  return { agent, planned, done };
}

test('a task that is reset at any moment of its claim stays a draft and is not run', async (t) => {
  t.timeout(300_000);
  const { agent, planned, done } = await daemonWithResets(t);
  const tasks: { task: string; mark: string; what: string }[] = [];
  for (const [index, moment] of MOMENTS.entries()) {
    const mark = path.join(agent.home.folder, `ran-${index}`);
    const task = await agent.enqueue({
      binary: '/bin/sh',
      entry_point: 'main.sh',
      diff: `touch '${mark}'\n`,
    });
    planned.set(task, moment);
    tasks.push({
      task,
      mark,
      what: textOf(moment),
    });
  }
  const daemon = agent.daemon();
  for (const { task, what } of tasks) {
    await until(() => daemon.output().includes(`task ${task}: was reset; its run has ended`), {
      what: `the end of a task reset ${what}`,
      timeoutMs: 60_000,
      context: daemon.output,
    });
  }
  daemon.kill('SIGTERM');
  await daemon.exited;
  t.is(done.length, tasks.length);
  for (const { task, mark, what } of tasks) {
    const { status, status_message } = await agent.task(task);
    t.deepEqual([status, status_message, existsSync(mark)], ['created', 'reset', false], what);
  }
});

test('a task that is reset and queued again at any moment of its claim runs once', async (t) => {
  t.timeout(300_000);
  const { agent, planned, done } = await daemonWithResets(t, { requeue: true });
  const tasks: { task: string; mark: string; what: string }[] = [];
  for (const [index, moment] of MOMENTS.entries()) {
    const mark = path.join(agent.home.folder, `ran-${index}`);
    const diff = `echo ran >> '${mark}'\n`;
    const task = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff });
    planned.set(task, moment);
    tasks.push({ task, mark, what: textOf(moment) });
  }
  const daemon = agent.daemon();
  for (const { task, what } of tasks) {
    const { status } = await agent.ended(task, 60_000);
    t.is(status, 'completed', `${what}\n${daemon.output()}`);
  }
  // Behind whatever entries are left.
  const last = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: 'echo last\n' });
  t.is((await agent.ended(last)).status, 'completed', daemon.output());
  t.is(done.length, tasks.length);
  for (const { task, mark, what } of tasks) {
    t.is((await agent.task(task)).status, 'completed', what);
    t.is(readFileSync(mark, 'utf8'), 'ran\n', what);
  }
});

test('a draft that was reset and then put in a queue by its entry alone is run', async (t) => {
  const agent = await agentUnderTest(t);
  const task = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: 'echo begun\n' });
  await agent.call('tasks.reset', { task });
  await agent.call('queues.add_task', { queue: agent.queue, task });
  agent.daemon();
  t.is((await agent.ended(task)).status, 'completed');
  t.regex(await agent.log(task), /begun/);
});

/** A daemon with a task that has ended by itself, and is reset while its log is on its way to the server. */
async function resetAtEnd(t: ExecutionContext) {
  const agent = await agentUnderTest(t);
  const state: { reset?: Promise<void> } = {};
  const output = () => daemon.output();
  const reset = async () => {
    await until(
      () => existsSync(journalOf(agent)) && readFileSync(journalOf(agent), 'utf8').includes('"ended"'),
      {
        what: 'the end of the command',
        context: output,
      },
    );
    await agent.call('tasks.reset', { task });
    await until(() => output().includes('was reset on the server, stopping soon (1/4)'), {
      what: 'a look at the status',
      context: output,
    });
  };
  const url = await hookedFront(t, agent.server.url, {
    before: async ({ endpoint }) => {
      if (endpoint !== 'events.add_batch') return;
      state.reset ??= reset();
      await state.reset;
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: url });
  const script = { binary: '/bin/sh', entry_point: 'main.sh', diff: 'echo begun\n' };
  const task = await agent.enqueue(script);
  const daemon = agent.daemon();
  return { agent, task, output };
}

test('a task that is reset while the rest of its log is sent ends as reset, and its run is over', async (t) => {
  const { agent, task, output } = await resetAtEnd(t);
  await until(() => output().includes(`task ${task}: was reset; its run has ended`), {
    what: 'the end of the run',
    context: output,
  });
  await until(() => readdirSync(runsFolder(agent)).length === 0, {
    what: 'the run folder to go',
    context: output,
  });
  const { status, status_message } = await agent.task(task);
  t.deepEqual([status, status_message], ['created', 'reset']);
  t.notRegex(await agent.log(task), /begun/);
});

test('a task that gets a final status after such a reset keeps it, and has the rest of its log', async (t) => {
  const { agent, task, output } = await resetAtEnd(t);
  await until(() => output().includes('stopping soon (1/4)'), {
    what: 'a look at the status',
    context: output,
  });
  await agent.call('tasks.failed', { task, force: true });
  await until(() => readdirSync(runsFolder(agent)).length === 0, {
    what: 'the run folder to go',
    context: output,
  });
  t.is((await agent.task(task)).status, 'failed');
  t.regex(await agent.log(task), /begun/);
});
