import type { ChaosTask, World } from './world.js';

/** What was found after a run. */
export interface Findings {
  linesChecked: number;
  lost: number;
  doubled: number;
  /** Left out with a word in the log, because the disk was full. */
  stated: number;
  wrongStatuses: number;
  leftovers: number;
  /** One line for each thing that is wrong. */
  problems: string[];
}

interface View {
  status: string;
  status_reason?: string;
}

/** Compares what tasks printed and did with what the server holds, and looks for what is left of them. */
export async function judge(world: World): Promise<Findings> {
  const found: Findings = {
    linesChecked: 0,
    lost: 0,
    doubled: 0,
    stated: 0,
    wrongStatuses: 0,
    leftovers: 0,
    problems: [],
  };
  for (const task of world.tasks) await judgeTask(world, task, found);
  const left = {
    processes: world.living(),
    'run folders': world.runFolders(),
    containers: (await world.engine?.containers()) ?? [],
  };
  for (const [what, names] of Object.entries(left)) {
    found.leftovers += names.length;
    if (names.length > 0) found.problems.push(`${what} are left: ${names.join(', ')}`);
  }
  return found;
}

/** Whether the task needs nothing more. */
export async function isSettled(world: World, task: ChaosTask): Promise<boolean> {
  if (task.done.has('delete')) return true;
  const { status } = await view(world, task);
  // Between the queue and its start a task is "created" for a moment.
  if (status === 'created') return task.done.has('reset');
  return !['queued', 'in_progress'].includes(status);
}

async function view(world: World, { id }: ChaosTask): Promise<View> {
  return (await world.server.call<{ task: View }>('tasks.get_by_id', { task: id })).task;
}

async function judgeTask(world: World, task: ChaosTask, found: Findings): Promise<void> {
  const { starts } = world.truth(task);
  if (starts > 1) {
    found.wrongStatuses += 1;
    found.problems.push(`${task.name} ran ${starts} times`);
  }
  if (task.done.has('delete')) return;
  const { status, status_reason: reason = '' } = await view(world, task);
  const outcomes = outcomesOf(world, task);
  if (!outcomes.some((one) => one.status === status && (one.reason?.test(reason) ?? true))) {
    found.wrongStatuses += 1;
    const wanted = outcomes.map((one) => one.status).join(' or ') || 'what it never came to';
    found.problems.push(`${task.name} is ${status} (${reason}), not ${wanted}`);
  }
  // A reset removes the log.
  if (!task.done.has('reset')) await judgeLog(world, task, found);
}

interface Outcome {
  status: string;
  /** What the reason has to say. */
  reason?: RegExp;
}

/** Every status that is true of the task. */
function outcomesOf(world: World, task: ChaosTask): Outcome[] {
  const { starts, ended, noRoom } = world.truth(task);
  if (task.done.has('reset')) return [{ status: 'created' }];
  const outcomes: Outcome[] = [];
  if (ended) outcomes.push({ status: task.exitCode === 0 ? 'completed' : 'failed' });
  if (noRoom || task.killed) outcomes.push({ status: 'failed' });
  if (task.done.has('abort')) outcomes.push({ status: 'stopped' });
  if (task.mayBeStopped)
    outcomes.push({ status: 'stopped', reason: /^(user abort$|stopped by the operator: SIGTERM )/ });
  if (starts > 0) return outcomes;
  if (world.diskWasFull) outcomes.push({ status: 'failed', reason: /no space left/ });
  if (task.withoutEngine) outcomes.push({ status: 'failed', reason: /engine|container/ });
  return outcomes;
}

const LINE = /^LINE (\w+) (\d+) /;

async function judgeLog(world: World, task: ChaosTask, found: Findings): Promise<void> {
  const text = await logOf(world, task);
  const numbers = text.split('\n').flatMap((line) => {
    const [, name, number] = LINE.exec(line) ?? [];
    return name === task.name ? [Number(number)] : [];
  });
  const stated = [...text.matchAll(/ (\d+) lines are missing here/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
  const { lines } = world.truth(task);
  const different = new Set(numbers);
  // The program may have been killed between a line and its note.
  const missing = Array.from({ length: lines }, (_, number) => number).filter(
    (number) => !different.has(number),
  );
  const doubled = numbers.length - different.size;
  found.linesChecked += lines;
  found.doubled += doubled;
  found.stated += Math.min(stated, missing.length);
  const lost = Math.max(0, missing.length - stated);
  found.lost += lost;
  if (lost > 0) found.problems.push(`${task.name} lost ${lost} of ${lines} lines (from ${missing[0]} on)`);
  if (doubled > 0) found.problems.push(`${task.name} has ${doubled} lines twice`);
  const disorder = numbers.findIndex((number, at) => at > 0 && number <= (numbers[at - 1] ?? 0));
  if (disorder >= 0 && doubled === 0) {
    found.problems.push(`${task.name} has line ${numbers[disorder]} after ${numbers[disorder - 1]}`);
    found.doubled += 1;
  }
  if (Math.max(-1, ...numbers) > lines) found.problems.push(`${task.name} has lines that it never printed`);
}

async function logOf(world: World, { id }: ChaosTask): Promise<string> {
  const body = { task: id, order: 'asc', batch_size: 10_000 };
  const { events } = await world.server.call<{ events: { msg: string }[] }>('events.get_task_log', body);
  return events.map(({ msg }) => msg).join('');
}
