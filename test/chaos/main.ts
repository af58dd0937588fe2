import { parseArgs } from 'node:util';
import { summary } from './report.js';

/**
 * Runs tasks while faults hit server, network, daemons, disk, clock and engine, each run by its seed, and compares line by
 * line what the tasks printed with what the server holds. Ends with status 1 when anything is wrong.
 *
 *   npm run chaos -- [--seeds 1-20] [--jobs 1] [--mode process|container] [--engine docker|podman] [--results FILE]
 *
 * With `--results` each result is kept in a file, and seeds that are in it already are not run again. Needs Linux and root
 * (for a small file system of its own), Python 3, libfaketime, and for containers dockerd or podman.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1-20' },
    jobs: { type: 'string', default: '1' },
    mode: { type: 'string', default: 'process' },
    engine: { type: 'string', default: 'docker' },
    results: { type: 'string' },
  },
});

/** `1-20`, `7`, `1-5,9`. */
function seedsOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    if (!Number.isInteger(first) || !Number.isInteger(last) || last < first)
      throw new Error(`--seeds: expected numbers and ranges such as 1-20, found "${text}"`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function oneOf<T extends string>(flag: string, given: string, known: readonly T[]): T {
  const found = known.find((one) => one === given);
  if (found === undefined) throw new Error(`--${flag}: expected ${known.join(' or ')}, found "${given}"`);
  return found;
}

const mode = oneOf('mode', values.mode, ['process', 'container']);
// Read when the engine of the tests is loaded.
process.env.AGENT_TEST_ENGINE = oneOf('engine', values.engine, ['docker', 'podman']);
const { runSeeds } = await import('./run-seeds.js');
const jobs = Number(values.jobs);
const results = await runSeeds({ seeds: seedsOf(values.seeds), mode, jobs, results: values.results });
console.log(summary(results));
process.exitCode = results.some(({ problems }) => problems.length > 0) ? 1 : 0;
