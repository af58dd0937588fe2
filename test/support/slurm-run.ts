import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Place, PlaceRequest, Workload } from '../../src/drivers/driver.js';
import { SlurmCommands } from '../../src/drivers/slurm/slurm-commands.js';
import { SlurmDriver, type SlurmDriverOptions } from '../../src/drivers/slurm/slurm-driver.js';
import type { SlurmSettings } from '../../src/drivers/slurm/slurm-settings.js';
import type { SlurmRig } from './slurm-rig.js';
import { temporaryFolder } from './temporary-folder.js';

/** A driver and a request for a place that is not open yet. */
export interface SlurmBench {
  driver: SlurmDriver;
  request: PlaceRequest;
  folder: string;
  /** What the driver told the task's log while the place was opened. */
  lines: string[];
  /** Another driver for the same jobs, as a later daemon has it. */
  later(): SlurmDriver;
  /** Ends the driver's watch, as the end of its daemon does. */
  leaves(): void;
  /** Aborts the task. */
  abort(): void;
}

export interface SlurmRun extends SlurmBench {
  place: Place;
  /** Launches a shell script with parameters. */
  sh(script: string, ...parameters: string[]): Promise<Workload>;
}

export interface SlurmRunOptions {
  settings?: Partial<SlurmSettings>;
  properties?: Record<string, string>;
  environment?: Record<string, string>;
  beat?: SlurmDriverOptions['beat'];
}

/** A driver on the cluster; the job of its place ends with the test. */
export function slurmBench(
  t: ExecutionContext,
  rig: SlurmRig,
  { settings = {}, properties, environment = {}, beat }: SlurmRunOptions = {},
): SlurmBench {
  const folder = temporaryFolder(t);
  const [leave, end, abort] = [new AbortController(), new AbortController(), new AbortController()];
  const shared = path.join(folder, 'shared');
  mkdirSync(shared);
  const make = (signal: AbortSignal) =>
    new SlurmDriver({
      commands: new SlurmCommands({ ...process.env, ...rig.env }),
      settings: {
        shared,
        folders: new Map(),
        partition: 'main',
        common: [],
        queues: new Map(),
        allowed: new Set(['cpus', 'memory', 'gpus', 'time']),
        memory: '100M',
        prepare: 'login',
        container: 'none',
        ...settings,
      },
      environment: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...environment },
      queueName: async () => undefined,
      signal,
      tickMs: 200,
      ...(beat && { beat }),
    });
  const lines: string[] = [];
  const request = {
    taskId: 'task',
    runFolder: path.join(folder, 'run'),
    workspace: path.join(folder, 'work'),
    reporter: { line: (text: string) => lines.push(text), output: () => undefined },
    signal: abort.signal,
    ...(properties === undefined ? {} : { task: taskWith(properties) }),
  };
  t.teardown(async () => {
    leave.abort();
    const last = make(end.signal);
    const ref = await last.search(request);
    if (ref !== undefined) await last.dispose(ref);
    end.abort();
  });
  return {
    driver: make(leave.signal),
    request,
    folder,
    lines,
    later: () => make(end.signal),
    leaves: () => leave.abort(),
    abort: () => abort.abort(),
  };
}

/** An open place on the cluster. */
export async function slurmRun(
  t: ExecutionContext,
  rig: SlurmRig,
  options: SlurmRunOptions = {},
): Promise<SlurmRun> {
  const bench = slurmBench(t, rig, options);
  const place = await bench.driver.open(bench.request);
  return {
    ...bench,
    place,
    sh: (script, ...parameters) =>
      bench.driver.launch(place, { argv: ['sh', '-c', script, 'sh', ...parameters] }),
  };
}

function taskWith(properties: Record<string, string>): NonNullable<PlaceRequest['task']> {
  const entries = Object.entries(properties).map(([name, value]) => [
    name,
    { section: 'properties', name, value },
  ]);
  const record = { id: 'task', hyperparams: { properties: Object.fromEntries(entries) } };
  return { record, queue: undefined, workerId: 'w', workerTags: [], serviceTask: true } as never;
}
