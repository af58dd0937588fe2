import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverConfText, startServer } from '../../src/server/server.js';
import { agentHome, startAgent } from '../support/agent-process.js';
import { clientOf } from '../support/embedded-server.js';
import { type SlurmRig, slurmRig } from '../support/slurm-rig.js';
import { until } from '../support/until.js';
import { median, residentMegabytes, watchMemory } from './measure.js';

export interface SlurmFigures {
  /** Seconds from the call of sbatch to the first command of a job that does nothing else. */
  emptyJob: number;
  /** Seconds from the call of sbatch to the task's first line on the server. */
  firstLine: number;
  /** Seconds until all jobs are submitted. */
  submitted: number;
  /** Calls of squeue a second while all of them are pending. */
  squeues: number;
  /** The daemon's resident memory at its highest. */
  megabytes: number;
  /** And while all jobs are pending. */
  pendingMegabytes: number;
}

const WATCHED_MS = 20_000;

/** Times of one job, and a daemon that watches many pending ones. */
export async function measureSlurm(options: {
  folder: string;
  rounds: number;
  jobs: number;
}): Promise<SlurmFigures> {
  const ends: (() => unknown)[] = [];
  const rig = await slurmRig({ teardown: (end) => ends.push(end) }, { conf: ['MaxJobCount=20000'] });
  const server = await startServer({ folder: path.join(options.folder, 'server'), port: 0 });
  try {
    const { call } = clientOf(server);
    const bin = countedPrograms(path.join(options.folder, 'bin'), ['sbatch', 'squeue']);
    const home = await agentHome({
      ...rig.env,
      PATH: `${bin.folder}:${process.env.PATH ?? ''}`,
      CLEARML_AGENT__AGENT__SLURM__SHARED_FOLDER: path.join(rig.folder, 'shared'),
      CLEARML_AGENT__AGENT__SLURM__MEMORY: '1M',
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
    });
    writeFileSync(path.join(home.folder, 'clearml.conf'), serverConfText(server), { mode: 0o600 });
    const start = (...words: string[]) => {
      const flags = [
        '--queue',
        'default',
        '--create-queue',
        '--foreground',
        '--slurm',
        '--partition',
        'main',
      ];
      const daemon = startAgent(['daemon', ...flags, ...words], home);
      ends.unshift(() => daemon.kill('SIGKILL'));
      return daemon;
    };
    const first = start();
    const emptyJob = median(await repeated(options.rounds, () => timeEmptyJob(rig, options.folder)));
    await until(() => first.output().includes('Listening'), { what: 'the daemon', context: first.output });
    const firstLine = median(await repeated(options.rounds, () => timeFirstLine(call, bin)));
    first.kill('SIGKILL');
    await first.exited;
    home.env.CLEARML_AGENT__AGENT__SLURM__OPTIONS = '["--hold"]';
    const many = start('--max-jobs', String(options.jobs));
    const pid = many.process.pid ?? 0;
    const memory = watchMemory(pid);
    const begun = performance.now();
    for (let at = 0; at < options.jobs; at++) await enqueue(call, 'exit 0');
    await until(() => rig.jobs().length >= options.jobs, {
      what: 'all jobs',
      timeoutMs: 1_100_000,
      context: () => `${rig.jobs().length} jobs\n${many.output().slice(-2000)}`,
    });
    const submitted = (performance.now() - begun) / 1000;
    await sleep(5000);
    const before = bin.calls('squeue').length;
    await sleep(WATCHED_MS);
    const squeues = (bin.calls('squeue').length - before) / (WATCHED_MS / 1000);
    memory.stop();
    return {
      emptyJob,
      firstLine,
      submitted,
      squeues,
      megabytes: memory.peak(),
      pendingMegabytes: residentMegabytes(pid),
    };
  } finally {
    for (const end of ends) await end();
    await server.close();
  }
}

async function repeated(count: number, measure: () => Promise<number>): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) found.push(await measure());
  return found;
}

interface CountedPrograms {
  folder: string;
  /** When it was called, in milliseconds since 1970. */
  calls(name: string): number[];
}

/** The real programs, which note the time of each call. */
function countedPrograms(folder: string, names: readonly string[]): CountedPrograms {
  mkdirSync(folder);
  const notes = (name: string) => path.join(folder, `${name}.calls`);
  for (const name of names) {
    const real = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    const lines = ['#!/bin/sh', `date +%s%3N >>'${notes(name)}'`, `exec '${real}' "$@"`, ''];
    writeFileSync(path.join(folder, name), lines.join('\n'), { mode: 0o755 });
    writeFileSync(notes(name), '');
  }
  const calls = (name: string) => readFileSync(notes(name), 'utf8').split('\n').filter(Boolean).map(Number);
  return { folder, calls };
}

async function timeEmptyJob(rig: SlurmRig, folder: string): Promise<number> {
  const file = path.join(folder, `started-${performance.now()}`);
  const begun = Date.now();
  rig.slurm('sbatch', '--mem=1', '-o', '/dev/null', `--wrap=date +%s%3N >${file}`);
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '', { what: 'the empty job' });
  return (Number(readFileSync(file, 'utf8')) - begun) / 1000;
}

type Call = ReturnType<typeof clientOf>['call'];

async function timeFirstLine(call: Call, bin: CountedPrograms): Promise<number> {
  const before = bin.calls('sbatch').length;
  const id = await enqueue(call, 'echo MARK; sleep 2');
  const seen = async () => {
    const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', { task: id });
    return events.some(({ msg }) => /^MARK$/m.test(msg));
  };
  await until(seen, { what: 'the first line', timeoutMs: 60_000 });
  return (Date.now() - (bin.calls('sbatch')[before] ?? Number.NaN)) / 1000;
}

async function enqueue(call: Call, diff: string): Promise<string> {
  const script = { binary: '/bin/sh', entry_point: 'task.sh', diff: `${diff}\n` };
  const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'training', script });
  await call('tasks.enqueue', { task: id, queue_name: 'default' });
  return id;
}
