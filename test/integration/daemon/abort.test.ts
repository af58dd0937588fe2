import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { type FrontHooks, hookedFront, type PassingCall } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

/** Every call that an agent makes for a task until well after its launch. */
const CALLS = 16;

interface Moment {
  /** Calls since the task was taken off its queue. */
  call: number;
  side: 'before' | 'after';
}

/** The same moments at each run of the test. */
function moments(count: number, seed: number): Moment[] {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => ({
    call: Math.floor(random() * CALLS),
    side: random() < 0.5 ? 'before' : 'after',
  }));
}

/** Aborts each task at its moment; an abort that the server refuses is tried again at the next call. */
class Aborter {
  readonly accepted = new Map<string, string>();
  readonly #calls = new Map<string, number>();
  readonly #moments = new Map<string, Moment>();
  readonly #call: AgentUnderTest['call'];

  constructor(call: AgentUnderTest['call']) {
    this.#call = call;
  }

  plan(task: string, moment: Moment): void {
    this.#moments.set(task, moment);
  }

  readonly hooks: FrontHooks = {
    before: (call) => this.#at('before', call),
    after: async (call) => {
      if (call.endpoint === 'queues.get_next_task') this.#pulled(call.answer);
      await this.#at('after', call);
    },
  };

  #pulled(answer: string): void {
    const task: string | undefined = JSON.parse(answer).data.entry?.task;
    if (task !== undefined) this.#calls.set(task, -1);
  }

  async #at(side: Moment['side'], { endpoint, body }: PassingCall): Promise<void> {
    for (const [task, count] of this.#calls) {
      if (endpoint !== 'queues.get_next_task' && !body.includes(task)) continue;
      const now = side === 'before' ? count + 1 : count;
      if (side === 'before') this.#calls.set(task, now);
      const moment = this.#moments.get(task);
      if (moment === undefined || this.accepted.has(task)) continue;
      if (now > moment.call || (now === moment.call && (side === moment.side || side === 'after')))
        await this.#abort(task, `${side} ${endpoint}, call ${now}`);
    }
  }

  async #abort(task: string, when: string): Promise<void> {
    const answer = await this.#call<{ fields: { status: string } }>('tasks.stop', { task }).catch(
      () => undefined,
    );
    if (answer) this.accepted.set(task, `${when}: ${answer.fields.status}`);
  }
}

const ENDLESS = { binary: '/bin/sh', entry_point: 'main.sh', diff: 'echo begun\nsleep 600\n' };

async function agentWithFront(t: ExecutionContext) {
  const agent = await agentUnderTest(t);
  const aborter = new Aborter(agent.call);
  const url = await hookedFront(t, agent.server.url, aborter.hooks);
  Object.assign(agent.home.env, { CLEARML_API_HOST: url, CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  return { agent, aborter };
}

async function abortAll(
  t: ExecutionContext,
  { agent, aborter }: Awaited<ReturnType<typeof agentWithFront>>,
  planned: readonly Moment[],
  ...flags: string[]
): Promise<void> {
  const tasks: string[] = [];
  for (const moment of planned) {
    const task = await agent.enqueue(ENDLESS);
    aborter.plan(task, moment);
    tasks.push(task);
  }
  const daemon = agent.daemon(...flags);
  for (const task of tasks) {
    const { status } = await until(
      async () =>
        ((one) => ['stopped', 'failed', 'completed'].includes(one.status) && one)(await agent.task(task)),
      {
        what: `the end of a task aborted ${aborter.accepted.get(task)}`,
        timeoutMs: 120_000,
        context: daemon.output,
      },
    );
    t.is(status, 'stopped', aborter.accepted.get(task));
  }
  daemon.kill('SIGTERM');
  await daemon.exited;
  // Nothing that was running or starting made the status another one afterwards.
  for (const task of tasks) {
    t.is((await agent.task(task)).status, 'stopped', aborter.accepted.get(task));
    t.true(aborter.accepted.has(task));
  }
  t.notRegex(daemon.output(), /(WARNING|ERROR) (?!.* holds credentials)/);
}

test('fifty aborts at any moment between the queue and the running command end as stopped', async (t) => {
  t.timeout(600_000);
  await abortAll(t, await agentWithFront(t), moments(50, 1));
});

test('aborts of services end as stopped at any moment', async (t) => {
  t.timeout(300_000);
  await abortAll(t, await agentWithFront(t), moments(12, 2), '--services-mode', '4');
});

/** A stop between the two steps of `queues.get_next_task`: the entry is taken, and the status is `queued` again. */
test('a task that was stopped while the server gave it away is not run', async (t) => {
  const agent = await agentUnderTest(t);
  const task = await agent.enqueue(ENDLESS);
  await agent.call('tasks.stopped', { task, force: true, status_message: 'Stopped by somebody' });
  const daemon = agent.daemon();
  const said = async () => (await agent.log(task)).includes('Process aborted by user');
  await until(said, { what: 'the end of the run', context: daemon.output });
  t.is((await agent.ended(task)).status, 'stopped');
  daemon.kill('SIGTERM');
  await daemon.exited;
  t.notRegex(await agent.log(task), /begun/);
});

test('a task that was stopped and then put in a queue by its entry alone is run', async (t) => {
  const agent = await agentUnderTest(t);
  const task = await agent.enqueue({ ...ENDLESS, diff: 'echo begun\n' });
  await agent.call('tasks.stop', { task });
  await agent.call('queues.add_task', { queue: agent.queue, task });
  const daemon = agent.daemon();
  await until(async () => (await agent.task(task)).status === 'completed', {
    what: 'its end',
    context: daemon.output,
  });
  t.regex(await agent.log(task), /begun/);
});

for (const [what, exit] of [
  ['well', 0],
  ['badly', 3],
] as const) {
  test(`a task that was aborted before it ended ${what} by itself is stopped`, async (t) => {
    const agent = await agentUnderTest(t);
    const go = path.join(agent.home.folder, 'go');
    const state: { held?: Promise<void> } = {};
    const url = await hookedFront(t, agent.server.url, {
      before: async ({ endpoint, body }) => {
        if (endpoint === 'tasks.get_all' && body.includes('status_message')) await state.held;
      },
    });
    Object.assign(agent.home.env, { CLEARML_API_HOST: url });
    const diff = `echo ready\nwhile [ ! -e '${go}' ]; do sleep 0.05; done\necho over\nexit ${exit}\n`;
    const task = await agent.enqueue({ ...ENDLESS, diff });
    const daemon = agent.daemon();
    await until(async () => (await agent.log(task)).includes('ready'), {
      what: 'the command',
      context: daemon.output,
    });
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((release) => {
      resolve = release;
    });
    state.held = promise;
    await agent.call('tasks.stop', { task });
    writeFileSync(go, '');
    await until(async () => (await agent.log(task)).includes('over'), { what: 'the end of the command' });
    resolve();
    const ended = await agent.ended(task);
    t.deepEqual([ended.status, ended.status_reason], ['stopped', 'task was stopped by tasks.stop']);
  });
}
