import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import { runSeed, type SeedResult } from './run-seed.js';

/**
 * `npm run chaos -- [--seeds 1-20] [--jobs 1]`: runs tasks while faults hit server, network, daemons, disk and clock, each
 * run by its seed, and compares line by line what the tasks printed with what the server holds. Needs Linux and root (for a
 * small file system of its own), Python 3 and libfaketime. Ends with status 1 when anything is wrong.
 */
const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1-20' }, jobs: { type: 'string', default: '1' } },
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

function lineOf(result: SeedResult): string {
  const { seed, tasks, faults, linesChecked, seconds, problems, folder } = result;
  const facts = `${tasks} tasks, ${linesChecked} lines, ${seconds.toFixed(1)} s: ${faults.join(', ')}`;
  if (folder === undefined) return `seed ${seed}: right; ${facts}`;
  return [`seed ${seed}: WRONG; ${facts}`, ...problems.map((one) => `  ${one}`), `  files: ${folder}`].join(
    '\n',
  );
}

function summary(results: readonly SeedResult[]): string {
  const sum = (pick: (one: SeedResult) => number) => results.reduce((total, one) => total + pick(one), 0);
  const kinds = new Map<string, number>();
  for (const kind of results.flatMap(({ faults }) => faults)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const wrong = results.filter(({ problems }) => problems.length > 0);
  return [
    `faults: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
    `${results.length} runs, ${sum(({ tasks }) => tasks)} tasks, ${sum(({ faults }) => faults.length)} faults`,
    `${sum((one) => one.linesChecked)} lines checked: ${sum((one) => one.lost)} lost, ${sum((one) => one.doubled)} doubled, ` +
      `${sum((one) => one.stated)} left out with a word (full disk)`,
    `${sum((one) => one.wrongStatuses)} wrong statuses, ${sum((one) => one.leftovers)} leftovers`,
    wrong.length === 0 ? 'all right' : `wrong: seeds ${wrong.map(({ seed }) => seed).join(',')}`,
  ].join('\n');
}

const queue = new PQueue({ concurrency: Number(values.jobs) });
const results: SeedResult[] = [];
for (const seed of seedsOf(values.seeds)) {
  void queue.add(async () => {
    const result = await runSeed(seed);
    results.push(result);
    console.log(lineOf(result));
  });
}
await queue.onIdle();
console.log(summary(results));
process.exitCode = results.some(({ problems }) => problems.length > 0) ? 1 : 0;
