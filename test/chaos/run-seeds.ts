import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { ContainerEngine } from './container-engine.js';
import { lineOf } from './report.js';
import { runSeed, type SeedResult } from './run-seed.js';
import type { Mode } from './scenario.js';

export interface SeedsRequest {
  seeds: readonly number[];
  mode: Mode;
  /** Runs at once. */
  jobs: number;
  /** File with a result a line: what is in it is not run again, what is run is added. */
  results?: string | undefined;
}

/** Runs seeds, says what came of each, and gives all results, with those of an earlier call. */
export async function runSeeds({ seeds, mode, jobs, results: file }: SeedsRequest): Promise<SeedResult[]> {
  const results = file !== undefined && existsSync(file) ? readResults(file, seeds) : [];
  const known = new Set(results.map(({ seed }) => seed));
  const waiting = seeds.filter((seed) => !known.has(seed));
  // What runs comes to its end, so that nothing of it is left.
  process.once('SIGINT', () => waiting.splice(0)).once('SIGTERM', () => waiting.splice(0));
  const work = async (): Promise<void> => {
    const engine = mode === 'container' && waiting.length > 0 ? await ContainerEngine.start() : undefined;
    try {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        const result = await runSeed(seed, engine);
        results.push(result);
        if (file !== undefined) appendFileSync(file, `${JSON.stringify(result)}\n`);
        console.log(lineOf(result));
      }
    } finally {
      await engine?.stop();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

function readResults(file: string, seeds: readonly number[]): SeedResult[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const found = lines.map((line): SeedResult => JSON.parse(line));
  return found.filter(({ seed }) => seeds.includes(seed));
}
