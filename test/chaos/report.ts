import type { InflictedFault, SeedResult } from './run-seed.js';
import { STEPS } from './scenario.js';

/** One line of a run, more of one that was wrong. */
export function lineOf(result: SeedResult): string {
  const { seed, tasks, faults, linesChecked, seconds, problems, folder } = result;
  const facts = `${tasks} tasks, ${linesChecked} lines, ${seconds.toFixed(1)} s: ${faults.map(nameOf).join(', ')}`;
  if (folder === undefined) return `seed ${seed}: right; ${facts}`;
  return [
    `seed ${seed}: WRONG; ${facts}`,
    ...problems.map((one) => `  ${one}`),
    `  files: ${folder}`,
    `  again: ${commandOf(result)}`,
  ].join('\n');
}

/** What makes the same run again. */
function commandOf({ seed, engine }: SeedResult): string {
  const place = engine === undefined ? '' : ` --mode container --engine ${engine}`;
  return `npm run chaos -- --seeds ${seed}${place}`;
}

function nameOf({ kind, step }: InflictedFault): string {
  return step === undefined ? kind : `${kind} at ${step}`;
}

export function summary(results: readonly SeedResult[]): string {
  const sum = (pick: (one: SeedResult) => number) => results.reduce((total, one) => total + pick(one), 0);
  const faults = results.flatMap((one) => one.faults);
  const wrong = results.filter(({ problems }) => problems.length > 0);
  const steps = STEPS.map((step) => `${faults.filter((one) => one.step === step).length} at ${step}`);
  return [
    `faults: ${counts(faults.map(({ kind }) => kind))}`,
    `  of these at a step of a run's journal: ${steps.join(', ')}`,
    `${results.length} runs, ${sum(({ tasks }) => tasks)} tasks, ${faults.length} faults`,
    `${sum((one) => one.linesChecked)} lines checked: ${sum((one) => one.lost)} lost, ${sum((one) => one.doubled)} doubled, ` +
      `${sum((one) => one.stated)} left out with a word (full disk)`,
    `${sum((one) => one.wrongStatuses)} wrong statuses, ${sum((one) => one.leftovers)} leftovers`,
    wrong.length === 0 ? 'all right' : `wrong: seeds ${wrong.map(({ seed }) => seed).join(',')}`,
  ].join('\n');
}

function counts(names: readonly string[]): string {
  const kinds = new Map<string, number>();
  for (const name of names.toSorted()) kinds.set(name, (kinds.get(name) ?? 0) + 1);
  return [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
