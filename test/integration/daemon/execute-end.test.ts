import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { processesWithEnvironment } from '../../../src/os/processes.js';
import { startServer } from '../../../src/server/server.js';
import { type AgentProcess, startAgent } from '../../support/agent-process.js';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { hookedFront } from '../../support/hooked-front.js';
import { until } from '../../support/until.js';

/** Takes no signal, and has a child in a session of its own that takes none either. */
const STUBBORN = [
  "trap '' INT TERM HUP",
  'setsid sh -c "trap \'\' INT TERM HUP; while :; do sleep 0.2; done" &',
  'echo up',
  'while :; do sleep 0.2; done',
  '',
].join('\n');

async function newTask({ call }: AgentUnderTest, text: string, script: object = {}): Promise<string> {
  const { id } = await call<{ id: string }>('tasks.create', {
    name: 'a single run',
    type: 'training',
    script: {
      binary: '/bin/sh',
      working_dir: '.',
      entry_point: 'run.sh',
      diff: `#!/bin/sh\n${text}`,
      ...script,
    },
  });
  return id;
}

/** What is alive of an agent and its tasks. */
async function alive({ home }: AgentUnderTest): Promise<number[]> {
  return (await processesWithEnvironment('HOME', home.folder)).map(({ pid }) => pid);
}

/** Everything that an execute has left of its run. */
function left(agent: AgentUnderTest): Promise<string> {
  const list = agent.agent('cache', 'list', 'spools');
  return list.exited.then(() => list.output());
}

function saying(run: AgentProcess, text: string): Promise<unknown> {
  return until(() => run.output().includes(text), { what: `"${text}"`, context: run.output });
}

const SEQUENCES: readonly (readonly NodeJS.Signals[])[] = [
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGTERM', 'SIGTERM'],
  ['SIGHUP', 'SIGINT', 'SIGHUP', 'SIGTERM'],
  ['SIGUSR2', 'SIGTERM'],
  ['SIGQUIT', 'SIGQUIT'],
];

for (const signals of SEQUENCES) {
  test(`${signals.join(', ')}: execute leaves nothing behind and reports the task as stopped`, async (t) => {
    const agent = await agentUnderTest(t);
    const id = await newTask(agent, STUBBORN);
    const run = agent.agent('execute', '--id', id);
    await until(() => /^up$/m.test(run.output()), { what: 'the task', context: run.output });
    const [first = 'SIGINT', ...rest] = signals;
    run.kill(first);
    await saying(run, first === 'SIGQUIT' ? 'killing the running task' : 'stopping the running task');
    for (const signal of rest) run.kill(signal);
    t.is((await run.exited).code, 130, run.output());
    t.deepEqual(await alive(agent), []);
    const task = await agent.task(id);
    t.deepEqual([task.status, task.status_reason], ['stopped', 'user abort']);
    t.regex(await agent.log(id), /^up$[\s\S]*Process terminated by user/m);
    t.regex(await left(agent), /no spools/);
  });
}

test('a second Ctrl-C while packages are installed', async (t) => {
  const agent = await agentUnderTest(t);
  const mark = path.join(agent.home.folder, 'begun');
  const setup = [
    'import signal, time',
    'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
    `open("${mark}", "w").close()`,
    'time.sleep(300)',
  ].join('\n');
  const url = agent.repository({ 'main.py': 'print(1)\n', 'slow/setup.py': setup });
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'slow to set up',
    type: 'training',
    script: {
      binary: 'python3',
      working_dir: '.',
      repository: url,
      branch: 'main',
      entry_point: 'main.py',
      requirements: { pip: './slow\n' },
    },
  });
  const run = agent.agent('execute', '--id', id);
  await until(() => existsSync(mark), { what: 'the set-up', context: run.output });
  run.kill('SIGINT');
  await saying(run, 'stopping the running task');
  run.kill('SIGINT');
  t.is((await run.exited).code, 130, run.output());
  t.deepEqual(await alive(agent), []);
  t.is((await agent.task(id)).status, 'stopped');
});

for (const settler of ['daemon', 'execute'] as const) {
  test(`a run that ends while the server is away is reported by the next ${settler}`, async (t) => {
    const agent = await agentUnderTest(t);
    const id = await newTask(agent, STUBBORN);
    const other = await newTask(agent, 'echo other\n');
    const run = agent.agent('execute', '--id', id);
    await until(() => /^up$/m.test(run.output()), { what: 'the task', context: run.output });
    await agent.server.close();
    run.kill('SIGINT');
    await saying(run, 'stopping the running task');
    run.kill('SIGINT');
    t.is((await run.exited).code, 1, run.output());
    t.deepEqual(await alive(agent), []);
    const again = await startServer({ folder: agent.folder, port: Number(new URL(agent.server.url).port) });
    t.teardown(() => again.close());
    t.is((await agent.task(id)).status, 'in_progress');
    if (settler === 'daemon') agent.daemon();
    else t.is((await agent.agent('execute', '--id', other).exited).code, 0);
    t.is((await agent.ended(id)).status_reason, 'user abort');
    t.regex(await agent.log(id), /^up$[\s\S]*Process terminated by user/m);
    await until(async () => /no spools/.test(await left(agent)), { what: 'the run folder to go' });
  });
}

test('the next daemon resumes the run of a killed execute', async (t) => {
  const agent = await agentUnderTest(t);
  const id = await newTask(agent, 'echo up\nexec sleep 600\n');
  const run = agent.agent('execute', '--id', id);
  await until(() => /^up$/m.test(run.output()), { what: 'the task', context: run.output });
  run.kill('SIGKILL');
  await run.exited;
  const daemon = agent.daemon();
  await until(() => daemon.output().includes('attached again'), {
    what: 'the daemon',
    context: daemon.output,
  });
  t.is((await agent.task(id)).status, 'in_progress');
  await agent.call('tasks.stop', { task: id });
  t.is((await agent.ended(id)).status, 'stopped');
  t.is((await agent.log(id)).match(/^up$/gm)?.length, 1);
});

test('a line that the server took as an execute was killed is not sent once more by the next daemon', async (t) => {
  const agent = await agentUnderTest(t);
  const id = await newTask(agent, 'echo up\nexec sleep 600\n');
  const runs: AgentProcess[] = [];
  const front = await hookedFront(t, agent.server.url, {
    after: async ({ endpoint, body }) => {
      if (endpoint !== 'events.add_batch' || !body.includes('"up\\n')) return;
      const run = runs.pop();
      run?.kill('SIGKILL');
      await run?.exited;
    },
  });
  Object.assign(agent.home.env, { CLEARML_API_HOST: front });
  const run = agent.agent('execute', '--id', id);
  runs.push(run);
  t.deepEqual((await run.exited).signal, 'SIGKILL', run.output());
  const daemon = agent.daemon();
  await saying(daemon, 'attached again');
  await agent.call('tasks.stop', { task: id });
  t.is((await agent.ended(id)).status, 'stopped', daemon.output());
  t.is((await agent.log(id)).match(/^up$/gm)?.length, 1, await agent.log(id));
});

test('the end of the terminal is nothing to an execute that nohup started', async (t) => {
  const agent = await agentUnderTest(t);
  const goOn = path.join(agent.home.folder, 'go-on');
  const id = await newTask(agent, `echo up\nwhile [ ! -e ${goOn} ]; do sleep 0.1; done\n`);
  // As nohup does in a terminal.
  const input = openSync('/dev/null', 'w');
  t.teardown(() => closeSync(input));
  const run = startAgent(['execute', '--id', id], agent.home, input);
  t.teardown(() => run.kill('SIGKILL'));
  await until(() => /^up$/m.test(run.output()), { what: 'the task', context: run.output });
  run.kill('SIGHUP');
  writeFileSync(goOn, '');
  t.is((await run.exited).code, 0, run.output());
  t.is((await agent.task(id)).status, 'completed');
});

test('the next agent removes the leftovers of a killed execute whose task was reset, and nothing else', async (t) => {
  const agent = await agentUnderTest(t);
  const id = await newTask(agent, STUBBORN);
  const run = agent.agent('execute', '--id', id);
  await until(() => /^up$/m.test(run.output()), { what: 'the task', context: run.output });
  run.kill('SIGKILL');
  await run.exited;
  await agent.call('tasks.reset', { task: id, force: true });
  const daemon = agent.daemon();
  await saying(daemon, 'is removed');
  await until(async () => /no spools/.test(await left(agent)), { what: 'the run folder to go' });
  t.is((await agent.task(id)).status, 'created');
  t.deepEqual(await alive(agent), [daemon.process.pid]);
});
