import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { AgentUnderTest } from '../../support/agent-under-test.js';
import { claimFiles, gpuAgent, HOLDS, noClaims, reservationFiles, shell } from '../../support/gpu-agent.js';
import { until } from '../../support/until.js';

const FAILS = 'exit 3\n';

/** The worker that each task is; `undefined` until all have been reported: a report that is lost on its way comes again. */
async function workersOf({ call }: AgentUnderTest, tasks: readonly string[]) {
  const { workers } = await call<{ workers: { id: string; task?: { id: string } }[] }>('workers.get_all', {
    last_seen: 600,
  });
  const ids = tasks.flatMap((task) => workers.find((one) => one.task?.id === task)?.id ?? []);
  const daemons = workers.filter(({ task }) => task === undefined).map(({ id }) => id);
  return ids.length === tasks.length && { ids, daemons };
}

const start = (agent: AgentUnderTest, ...queues: string[]) =>
  agent.agent('daemon', '--dynamic-gpus', '--gpus', '0-7', '--queue', ...queues, '--foreground');

test('tasks run side by side on devices of their own, each a worker of its own', async (t) => {
  const agent = await gpuAgent(t, ['single', 'pair', 'any']);
  const daemon = start(agent, 'single=1', 'pair=2', 'any=1-8');
  const tasks = [
    await agent.enqueueTo('single'),
    await agent.enqueueTo('pair'),
    await agent.enqueueTo('pair'),
  ];
  const held = await Promise.all(tasks.map(agent.devices));
  t.deepEqual(held.map((one) => one.length).sort(), [1, 2, 2]);
  t.is(new Set(held.flat()).size, 5);
  const rest = await agent.enqueueTo('any');
  t.is((await agent.devices(rest)).length, 3);
  const { ids, daemons } = await until(() => workersOf(agent, [...tasks, rest]), {
    what: 'the reports of all tasks',
    context: daemon.output,
  });
  t.deepEqual(
    ids,
    [...held, await agent.devices(rest)].map((one) => `test:gpu${one.join(',')}`),
  );
  t.deepEqual(daemons, ['test:dgpu0-7']);

  const waiting = await agent.enqueueTo('pair');
  const [first = ''] = tasks;
  agent.finish(first);
  t.is((await agent.ended(first)).status, 'completed');
  t.is((await agent.task(waiting)).status, 'queued');
  agent.finish(rest);
  const later = await agent.devices(waiting);
  const running = [...held.slice(1).flat(), ...later];
  t.is(new Set(running).size, 6);
  for (const task of [...tasks.slice(1), waiting]) agent.finish(task);
  for (const task of [...tasks.slice(1), waiting]) t.is((await agent.ended(task)).status, 'completed');
  t.regex(await agent.log(waiting), /part=1,1 worker=test:gpu\d,\d/);
  await noClaims(agent);
  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0);
});

test('a large task that waits keeps GPUs free as they come free', async (t) => {
  const agent = await gpuAgent(t, ['single', 'big'], [{}, {}]);
  Object.assign(agent.home.env, { CLEARML_AGENT__AGENT__GPU_RESERVE_AFTER_SEC: '0' });
  const words = ['--dynamic-gpus', '--gpus', '0-1', '--queue', 'single=1', 'big=2'];
  agent.agent('daemon', ...words, '--foreground');
  const first = await agent.enqueueTo('single');
  t.is((await agent.devices(first)).length, 1);
  const big = await agent.enqueueTo('big');
  await until(async () => reservationFiles(agent).length === 1, { what: 'the reservation' });
  const second = await agent.enqueueTo('single');
  // Longer than two looks at the queues: without the reservation it starts within one.
  await sleep(5000);
  t.is((await agent.task(second)).status, 'queued');
  agent.finish(first);
  t.deepEqual((await agent.devices(big)).sort(), ['0', '1']);
  await until(async () => reservationFiles(agent).length === 0, { what: 'the reservation to end' });
  agent.finish(big);
  t.is((await agent.devices(second)).length, 1);
  agent.finish(second);
  t.is((await agent.ended(second)).status, 'completed');
  await noClaims(agent);
});

/** When each claim ends at the latest, by its task. */
function claimEnds(agent: AgentUnderTest): Map<string, number | undefined> {
  const read = (file: string) => readFileSync(path.join(agent.home.folder, 'gpu-table', file), 'utf8');
  return new Map(claimFiles(agent).map((file) => ((one) => [one.task, one.endsBy])(JSON.parse(read(file)))));
}

test('a task that ends before a reservation is due uses its devices, also after a restart', async (t) => {
  const agent = await gpuAgent(t, ['first', 'second', 'big'], [{}, {}]);
  Object.assign(agent.home.env, { CLEARML_AGENT__AGENT__GPU_RESERVE_AFTER_SEC: '0' });
  const words = ['--dynamic-gpus', '--gpus', '0-1', '--queue', 'first=1', 'second=1', 'big=2'];
  const daemon = agent.agent('daemon', ...words, '--foreground');
  const limited = (queue: string, time: string) => agent.enqueueTo(queue, HOLDS, { time });
  const running = await limited('first', '2h');
  await agent.devices(running);
  const big = await agent.enqueueTo('big');
  await until(async () => reservationFiles(agent).length === 1, { what: 'the reservation' });
  // Asked for first in every look, so it was refused when the one behind it starts.
  const longer = await limited('first', '3h');
  const shorter = await limited('second', '1h');
  await agent.devices(shorter);
  t.is((await agent.task(longer)).status, 'queued');
  t.is((await agent.task(big)).status, 'queued');
  const ends = claimEnds(agent);
  t.true((ends.get(shorter) ?? 0) < (ends.get(running) ?? 0));

  daemon.kill('SIGKILL');
  await daemon.exited;
  const next = agent.agent('daemon', ...words, '--foreground');
  await until(async () => next.output().match(/attached again/g)?.length === 2, {
    what: 'both runs',
    context: next.output,
  });
  t.deepEqual(claimEnds(agent), ends);
  const endless = await agent.enqueueTo('second');
  for (const task of [shorter, running]) agent.finish(task);
  t.deepEqual((await agent.devices(big)).sort(), ['0', '1']);
  for (const task of [longer, endless]) t.is((await agent.task(task)).status, 'queued');
  agent.finish(big);
  for (const task of [longer, endless]) await agent.devices(task);
  t.is(claimEnds(agent).get(endless), undefined);
  for (const task of [longer, endless]) agent.finish(task);
  await noClaims(agent);
});

test('devices are given back by tasks that fail, are aborted or cannot be set up', async (t) => {
  const agent = await gpuAgent(t, ['all']);
  start(agent, 'all=8');
  const failing = await agent.enqueueTo('all', FAILS);
  t.is((await agent.ended(failing)).status, 'failed');
  const unprepared = await agent.enqueue(
    { repository: `file://${agent.home.folder}/nothing-here`, entry_point: 'main.py' },
    agent.queues.all,
  );
  t.is((await agent.ended(unprepared)).status, 'failed');
  const unlaunched = await agent.enqueue(
    { binary: '/nonexistent/program', entry_point: 'main.sh', diff: 'true\n' },
    agent.queues.all,
  );
  t.is((await agent.ended(unlaunched)).status, 'failed');
  const aborted = await agent.enqueueTo('all');
  await agent.devices(aborted);
  await agent.call('tasks.stop', { task: aborted });
  t.is((await agent.ended(aborted)).status, 'stopped');
  const last = await agent.enqueueTo('all');
  t.is((await agent.devices(last)).length, 8);
  agent.finish(last);
  t.is((await agent.ended(last)).status, 'completed');
  await noClaims(agent);
});

test('a daemon that is killed leaves its devices to its runs, and the next one has them again', async (t) => {
  const agent = await gpuAgent(t, ['six', 'pair', 'any']);
  const daemon = start(agent, 'six=6', 'pair=2', 'any=1-8');
  const large = await agent.enqueueTo('six');
  const held = await agent.devices(large);
  daemon.kill('SIGKILL');
  await daemon.exited;
  const others = agent.agent('daemon', '--queue', 'default', '--gpus', held[0] ?? '', '--foreground');
  const blocked = await agent.enqueue(shell(HOLDS));
  await until(async () => others.output().includes('tasks wait:'), { what: 'the other daemon to wait' });
  t.true(others.output().includes(`is in use by test:gpu${held.join(',')} for task ${large}`));

  const next = start(agent, 'six=6', 'pair=2', 'any=1-8');
  await until(async () => next.output().includes('attached again'), {
    what: 'the run',
    context: next.output,
  });
  const small = await agent.enqueueTo('any');
  const beside = await agent.devices(small);
  t.is(beside.length, 2);
  t.deepEqual(
    beside.filter((id) => held.includes(id)),
    [],
  );
  t.is((await agent.task(blocked)).status, 'queued');
  agent.finish(large);
  t.is((await agent.ended(large)).status, 'completed');
  t.deepEqual(await agent.devices(blocked), held.slice(0, 1));
  const pair = await agent.enqueueTo('pair');
  const given = await agent.devices(pair);
  t.is(new Set([...given, ...beside, ...held.slice(0, 1)]).size, 5);
  for (const task of [small, blocked, pair]) agent.finish(task);
  for (const task of [small, blocked, pair]) t.is((await agent.ended(task)).status, 'completed');
  await noClaims(agent);
});

test('parts of a GPU are slices where there are some, else shares', async (t) => {
  const cards = [{ slices: ['3g.20gb', '3g.20gb'] }, {}];
  const agent = await gpuAgent(t, ['half', 'whole'], cards);
  const words = ['--dynamic-gpus', '--gpus', '0-1', '--queue', 'half=0.5', 'whole=1'];
  agent.agent('daemon', ...words, '--foreground');
  const tasks = [await agent.enqueueTo('half'), await agent.enqueueTo('half'), await agent.enqueueTo('half')];
  const held = (await Promise.all(tasks.map(agent.devices))).flat();
  t.is(held.filter((id) => id.startsWith('MIG-')).length, 2);
  t.is(new Set(held).size, 3);
  t.true(held.includes('1'));
  const shared = tasks[held.indexOf('1')] ?? '';
  const said = 'gpus=1/1 part=0.5 worker=test:gpu1.5a';
  t.true(await until(async () => (await agent.log(shared)).includes(said), { what: said }));
  const whole = await agent.enqueueTo('whole');
  agent.finish(shared);
  t.deepEqual(await agent.devices(whole), ['1']);
  for (const task of [...tasks.filter((one) => one !== shared), whole]) agent.finish(task);
  await noClaims(agent);
});

test('GPUs, CPU slots and services go together in one daemon', async (t) => {
  const agent = await gpuAgent(t, ['one', 'cpu', 'svc']);
  const words = ['--queue', 'one=1', 'cpu=0', 'svc=services', '--slots', '2', '--services-mode'];
  agent.agent('daemon', '--dynamic-gpus', '--gpus', '0,1', ...words, '--foreground');
  const cpus = [await agent.enqueueTo('cpu'), await agent.enqueueTo('cpu')];
  for (const task of cpus) t.deepEqual(await agent.devices(task), ['none']);
  const third = await agent.enqueueTo('cpu');
  const service = await agent.enqueueTo('svc');
  t.deepEqual(await agent.devices(service), ['none']);
  const gpu = await agent.enqueueTo('one');
  t.deepEqual(await agent.devices(gpu), ['0']);
  t.is((await agent.task(third)).status, 'queued');
  const listed = agent.agent('tasks', '--json');
  t.is((await listed.exited).code, 0, listed.output());
  const { tasks }: { tasks: { task: string; devices: string[] }[] } = JSON.parse(listed.output());
  const shown = new Map(tasks.map(({ task, devices }) => [task, devices]));
  t.deepEqual(shown.get(gpu), ['0']);
  for (const task of [...cpus, service]) t.deepEqual(shown.get(task), [], 'a task without GPUs shows none');
  const ids = await Promise.all([...cpus, service].map(async (id) => (await agent.task(id)).last_worker));
  t.deepEqual(ids.slice(0, 2).sort(), ['test:dgpu0,1:slot:0', 'test:dgpu0,1:slot:1']);
  t.is(ids[2], `test:dgpu0,1:service:${service}`);
  const [first = ''] = cpus;
  agent.finish(first);
  t.deepEqual(await agent.devices(third), ['none']);
  for (const task of [cpus[1] ?? '', third, service, gpu]) agent.finish(task);
  for (const task of [...cpus, third, service, gpu]) t.is((await agent.ended(task)).status, 'completed');
});

test('two daemons of one GPU take turns, unless GPUs may be shared', async (t) => {
  const agent = await gpuAgent(t, ['one', 'two']);
  const daemon = (queue: string) => agent.agent('daemon', '--queue', queue, '--gpus', '0', '--foreground');
  const [one, other] = [daemon('one'), daemon('two')];
  const first = await agent.enqueueTo('one');
  t.deepEqual(await agent.devices(first), ['0']);
  const second = await agent.enqueueTo('two');
  await until(async () => other.output().includes('tasks wait: GPU 0 is in use by test:gpu0'), {
    what: 'the second daemon to say why it waits',
    context: other.output,
  });
  t.is((await agent.task(second)).status, 'queued');
  agent.finish(first);
  t.deepEqual(await agent.devices(second), ['0']);
  t.is(other.output().match(/tasks wait:/g)?.length, 1);
  one.kill('SIGKILL');
  await one.exited;
  Object.assign(agent.home.env, { CLEARML_AGENT__AGENT__GPU_SHARING: 'true' });
  daemon('one');
  const third = await agent.enqueueTo('one');
  t.deepEqual(await agent.devices(third), ['0']);
  for (const task of [second, third]) agent.finish(task);
  for (const task of [second, third]) t.is((await agent.ended(task)).status, 'completed');
});

test('agent execute waits for its GPU, but not inside a task that has it', async (t) => {
  const agent = await gpuAgent(t, ['one']);
  agent.agent('daemon', '--queue', 'one', '--gpus', '0', '--foreground');
  const first = await agent.enqueueTo('one');
  t.deepEqual(await agent.devices(first), ['0']);
  const { id: second } = await agent.call<{ id: string }>('tasks.create', {
    name: 'by hand',
    type: 'training',
    script: { ...shell(HOLDS), working_dir: '.' },
  });
  const execute = agent.agent('execute', '--id', second, '--gpus', '0');
  await until(async () => execute.output().includes('tasks wait: GPU 0 is in use by test:gpu0'), {
    what: 'agent execute to wait',
    context: execute.output,
  });
  Object.assign(agent.home.env, { CLEARML_TASK_ID: first });
  const { id: inner } = await agent.call<{ id: string }>('tasks.create', {
    name: 'by a task',
    type: 'training',
    script: { ...shell('exit 0\n'), working_dir: '.' },
  });
  const nested = agent.agent('execute', '--id', inner, '--gpus', '0');
  t.is((await nested.exited).code, 0, nested.output());
  t.is((await agent.task(second)).status, 'created');
  agent.finish(first);
  t.deepEqual(await agent.devices(second), ['0']);
  agent.finish(second);
  t.is((await execute.exited).code, 0, execute.output());
  await noClaims(agent);
});
