import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Place, PlaceRequest, Workload } from '../../src/drivers/driver.js';
import { SlurmCommands } from '../../src/drivers/slurm/slurm-commands.js';
import { SlurmDriver } from '../../src/drivers/slurm/slurm-driver.js';
import type { SlurmSettings } from '../../src/drivers/slurm/slurm-settings.js';
import type { SlurmRig } from './slurm-rig.js';
import { temporaryFolder } from './temporary-folder.js';

export interface SlurmRun {
  driver: SlurmDriver;
  place: Place;
  folder: string;
  /** What the driver told the task's log while the place was opened. */
  lines: string[];
  /** Another driver for the same jobs, as a later daemon has it. */
  later(): SlurmDriver;
  /** Ends the driver's watch, as the end of its daemon does. */
  leaves(): void;
  /** Launches a shell script with parameters. */
  sh(script: string, ...parameters: string[]): Promise<Workload>;
}

export interface SlurmRunOptions {
  settings?: Partial<SlurmSettings>;
  properties?: Record<string, string>;
  environment?: Record<string, string>;
}

/** A place on the cluster; its job ends with the test. */
export async function slurmRun(
  t: ExecutionContext,
  rig: SlurmRig,
  { settings = {}, properties, environment = {} }: SlurmRunOptions = {},
): Promise<SlurmRun> {
  const folder = temporaryFolder(t);
  const leave = new AbortController();
  const end = new AbortController();
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
    });
  const driver = make(leave.signal);
  const lines: string[] = [];
  const place = await driver.open({
    taskId: 'task',
    runFolder: path.join(folder, 'run'),
    workspace: path.join(folder, 'work'),
    reporter: { line: (text) => lines.push(text), output: () => undefined },
    signal: leave.signal,
    ...(properties === undefined ? {} : { task: taskWith(properties) }),
  });
  t.teardown(async () => {
    leave.abort();
    await make(end.signal).dispose(place.ref);
    end.abort();
  });
  return {
    driver,
    place,
    folder,
    lines,
    later: () => make(end.signal),
    leaves: () => leave.abort(),
    sh: (script, ...parameters) => driver.launch(place, { argv: ['sh', '-c', script, 'sh', ...parameters] }),
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
