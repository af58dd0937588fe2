import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type GpuAgent, gpuAgent } from '../../support/gpu-agent.js';
import { until } from '../../support/until.js';

const FLAGS = [
  '--dynamic-gpus',
  '--gpus',
  '0-1',
  '--slots',
  '1',
  '--queue',
  'one=1',
  'half=0.5',
  'cpu=0',
  'both=2',
];
/** Queues whose tasks are workers of their own, and what the server calls those. */
const WORKERS: readonly [queue: string, worker: RegExp][] = [
  ['one', /^test:gpu[01]$/],
  ['half', /^test:gpu[01]\.5a$/],
  ['cpu', /^test:dgpu0-1:slot:0$/],
];

const start = (agent: GpuAgent) => agent.agent('daemon', ...FLAGS, '--foreground');

function journalOf({ home }: GpuAgent, task: string): string {
  const workers = path.join(home.folder, '.clearml', 'agent', 'workers');
  const found = readdirSync(workers)
    .map((worker) => path.join(workers, worker, 'runs'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name, 'journal.jsonl')));
  return found.find((file) => path.basename(path.dirname(file)).startsWith(task)) ?? '';
}

/** A task that runs, whose daemon was killed. */
async function left(t: ExecutionContext, queue: string) {
  const agent = await gpuAgent(t, ['one', 'half', 'cpu', 'both'], [{}, {}]);
  const daemon = start(agent);
  const task = await agent.enqueueTo(queue);
  const devices = await agent.devices(task);
  const journal = journalOf(agent, task);
  const pid = await until(() => /"pid":(\d+)/.exec(readFileSync(journal, 'utf8'))?.[1], {
    what: 'the note of the command',
    context: daemon.output,
  });
  daemon.kill('SIGKILL');
  await daemon.exited;
  const worker = (await agent.task(task)).last_worker ?? '';
  return { agent, task, devices, journal, worker, pid: Number(pid) };
}

async function allFree(t: ExecutionContext, agent: GpuAgent) {
  const both = await agent.enqueueTo('both');
  t.is((await agent.devices(both)).length, 2);
  agent.finish(both);
}

for (const [queue, id] of WORKERS) {
  test(`a lost task of the queue ${queue} that left nothing on this machine fails as agent_lost`, async (t) => {
    const { agent, task, journal, worker, pid } = await left(t, queue);
    t.regex(worker, id);
    rmSync(path.dirname(journal), { recursive: true });
    process.kill(-pid, 'SIGKILL');
    const { output } = start(agent);
    const { status, status_message, runtime } = await agent.ended(task);
    t.deepEqual([status, runtime.failure_class], ['failed', 'agent_lost'], output());
    t.is(status_message, `Changed by clearml-agent ${worker}`);
    await allFree(t, agent);
  });

  test(`a command of the queue ${queue} whose run folder is gone is attached to and keeps what it has`, async (t) => {
    const { agent, task, devices, journal } = await left(t, queue);
    rmSync(path.dirname(journal), { recursive: true });
    const next = start(agent);
    await until(() => next.output().includes('attached again'), { what: 'the run', context: next.output });
    const other = await agent.enqueueTo(queue === 'cpu' ? 'cpu' : 'one');
    const free = queue === 'cpu' ? undefined : await agent.devices(other);
    t.notDeepEqual(free, devices);
    if (queue === 'cpu') t.is((await agent.task(other)).status, 'queued');
    agent.finish(task);
    t.is((await agent.ended(task)).status, 'completed', next.output());
    await agent.devices(other);
    agent.finish(other);
    t.is((await agent.ended(other)).status, 'completed');
    await allFree(t, agent);
  });
}

test('a run whose journal is damaged keeps its worker and its GPUs', async (t) => {
  const { agent, task, devices, journal, worker } = await left(t, 'one');
  writeFileSync(journal, '\0'.repeat(64));
  const next = start(agent);
  await until(() => next.output().includes('attached again'), { what: 'the run', context: next.output });
  const other = await agent.enqueueTo('one');
  t.notDeepEqual(await agent.devices(other), devices);
  for (const one of [task, other]) agent.finish(one);
  t.is((await agent.ended(task)).status_message, `Changed by clearml-agent ${worker}`);
  t.is((await agent.ended(other)).status, 'completed');
  await allFree(t, agent);
});
