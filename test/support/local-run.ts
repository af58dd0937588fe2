import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import type { OutputChunk, Workload } from '../../src/drivers/driver.js';
import { type HoldMeans, LocalDriver } from '../../src/drivers/local/local-driver.js';
import type { LocalPlace } from '../../src/drivers/local/local-place.js';
import type { LocalWorkload } from '../../src/drivers/local/local-workload.js';
import { isAlive } from '../../src/os/processes.js';

export interface LocalRun {
  driver: LocalDriver;
  place: LocalPlace;
  folder: string;
  /** Ends the driver's watch, as the end of its daemon does. */
  leaves(): void;
  /** Launches a shell script with parameters. */
  sh(script: string, ...parameters: string[]): Promise<LocalWorkload>;
}

export async function tempFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'agent-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A place on this machine in a folder of its own; all that was started in it ends with the test. */
export async function localRun(t: ExecutionContext, hold?: HoldMeans): Promise<LocalRun> {
  const folder = await tempFolder(t);
  const leave = new AbortController();
  const driver = localDriver(leave.signal, hold);
  const place = await driver.open({
    taskId: 'task',
    runFolder: path.join(folder, 'run'),
    workspace: path.join(folder, 'work'),
    reporter: { line: () => undefined, output: () => undefined },
    signal: leave.signal,
  });
  t.teardown(async () => {
    await driver.dispose(place.ref);
    leave.abort();
  });
  return {
    driver,
    place,
    folder,
    leaves: () => leave.abort(),
    sh: (script, ...parameters) => driver.launch(place, { argv: ['sh', '-c', script, 'sh', ...parameters] }),
  };
}

export function localDriver(signal: AbortSignal, hold?: HoldMeans): LocalDriver {
  const environment = { PATH: process.env.PATH, LANG: 'C.UTF-8' };
  return new LocalDriver({ environment, signal, ...(hold === undefined ? {} : { hold }) });
}

/** All output from a position on, as text, to the end of the workload. */
export async function outputText(workload: Workload, position = 0): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of workload.output(position, new AbortController().signal)) pieces.push(piece.data);
  return Buffer.concat(pieces).toString('utf8');
}

/** Reads output until it holds the text; the position is the end of what was read. */
export async function outputUntil(
  workload: Workload,
  text: string,
): Promise<{ text: string; position: number }> {
  let heard = '';
  let position = 0;
  for await (const piece of workload.output(0, new AbortController().signal)) {
    heard += Buffer.from(piece.data).toString('utf8');
    position = piece.position;
    if (heard.includes(text)) break;
  }
  return { text: heard, position };
}

export async function nextPiece(output: AsyncIterable<OutputChunk>): Promise<OutputChunk | undefined> {
  for await (const piece of output) return piece;
  return undefined;
}

/** Waits until a process is gone, for at most two seconds; whether it is. */
export async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && (await isAlive(pid)); i++) await sleep(20);
  return !(await isAlive(pid));
}
