import { parentPort, workerData } from 'node:worker_threads';
import { isCoded } from './coded.js';
import { Coverage, loadTargets } from './coverage.js';
import { CurrentText } from './current-text.js';
import { Mutator, randomFrom } from './mutate.js';
import type { FuzzTarget } from './targets.js';

export interface LoopRequest {
  /** The instrumented module of the targets. */
  file: string;
  target: string;
  seconds: number;
  seed: number;
  /** Texts to begin with. */
  seeds: readonly string[];
  /** Of `CurrentText`. */
  memory: SharedArrayBuffer;
  /** Findings after which the loop ends. */
  most: number;
}

export type LoopMessage =
  | { kind: 'finding'; text: string; stack: string }
  | { kind: 'end'; runs: number; kept: number; reached: number };

const port = parentPort;
if (port !== null) await run(workerData, (message) => port.postMessage(message));

/** Tries texts made of those that reached something new, until time is up. */
async function run(request: LoopRequest, send: (message: LoopMessage) => void): Promise<void> {
  const target = (await loadTargets(request.file))[request.target];
  if (target === undefined) throw new Error(`there is no target ${request.target}`);
  const coverage = new Coverage();
  const corpus = [''];
  const mutator = new Mutator(randomFrom(request.seed), corpus, piecesOf(request.seeds));
  const current = new CurrentText(request.memory);
  const places = new Set<string>();
  const seeds = [...request.seeds];
  const end = Date.now() + request.seconds * 1000;
  let runs = 0;
  for (; Date.now() < end && places.size < request.most; runs += 1) {
    const text = seeds.shift() ?? mutator.next();
    current.set(text);
    coverage.reset();
    const problem = await problemOf(target, text);
    if (problem !== undefined && !places.has(problem.place)) {
      places.add(problem.place);
      send({ kind: 'finding', text, stack: problem.stack });
    }
    if (coverage.takeNews()) corpus.push(text);
  }
  send({ kind: 'end', runs, kept: corpus.length, reached: coverage.size });
}

async function problemOf(
  target: FuzzTarget,
  text: string,
): Promise<{ place: string; stack: string } | undefined> {
  const begun = process.cpuUsage();
  try {
    await target(text);
  } catch (error) {
    if (!isCoded(error))
      return { place: placeOf(error), stack: String(error instanceof Error ? error.stack : error) };
  }
  const { user, system } = process.cpuUsage(begun);
  const ms = (user + system) / 1000;
  return ms > SLOW_MS ? { place: 'slow', stack: `takes ${Math.round(ms)} ms` } : undefined;
}

/** Time of the processor that no text of 8,192 letters needs. */
const SLOW_MS = 1500;

function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return /\n\s+at [^\n]*/.exec(stack)?.[0] ?? stack.slice(0, 80);
}

/** Words of the seeds, which are words of the format. */
function piecesOf(seeds: readonly string[]): string[] {
  const words = seeds.flatMap((seed) => seed.match(/[\w.-]{2,24}|[^\w\s]{1,4}/g) ?? []);
  return [...new Set(words)].slice(0, 2000);
}
