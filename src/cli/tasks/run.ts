import { visibleJson } from '../../logs/visible-text.js';
import type { CommandContext } from '../command.js';
import { chosenDaemons } from '../running-daemons.js';
import { renderTable } from '../table.js';
import { spanText } from '../top/cells.js';
import { type Reading, readDaemon } from '../top/reading.js';

/** `agent tasks`: what a daemon runs, by its control socket. */
export async function runTasks(context: CommandContext): Promise<number> {
  const { state, daemons } = await chosenDaemons(context, false);
  const readings = await Promise.all(daemons.map((daemon) => readDaemon(state, daemon)));
  for (const reading of readings) {
    const text =
      context.options.json === true
        ? visibleJson({ worker: reading.worker, tasks: reading.runs })
        : tasksTable(reading);
    context.stdout.write(`${text}\n`);
  }
  return 0;
}

function tasksTable({ worker, runs, queues, time }: Reading): string {
  if (runs.length === 0) return `${worker} runs no task`;
  const rows = runs.map((run) => [
    run.task,
    run.name ?? '',
    run.phase,
    spanText(time - run.started),
    queues.find(({ id }) => id === run.queue)?.name ?? run.queue ?? '-',
    run.place ?? '-',
    run.devices?.join(',') || '-',
  ]);
  return renderTable({ headings: ['TASK', 'NAME', 'PHASE', 'AGE', 'QUEUE', 'PLACE', 'GPUS'], rows });
}
