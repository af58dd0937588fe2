import type { WorkerRecord } from '../../api/workers.js';
import { connect } from '../../daemon/connect.js';
import { createLogger } from '../../logs/logger.js';
import { visibleJson } from '../../logs/visible-text.js';
import { Redactor } from '../../secrets/redactor.js';
import type { CommandContext } from '../command.js';
import { outOfServiceIn, outOfServiceLines } from '../gpus/machine-table.js';
import { requireReady, sessionConfig } from '../session.js';
import { ageText, renderTable } from '../table.js';

/** `agent list`: the workers that the server knows. */
export async function runList(context: CommandContext): Promise<number> {
  const config = sessionConfig(context);
  requireReady(config);
  const logger = createLogger({ stream: context.stderr, redactor: new Redactor() });
  const { client, workers } = await connect({ config, logger, wait: false });
  try {
    const found = await workers.getAll({ last_seen: 0 }, { retry: 'bounded' });
    const outOfService = await outOfServiceIn(context);
    const text =
      context.options.json === true
        ? visibleJson({
            workers: found,
            ...(outOfService.length === 0 ? {} : { gpus_out_of_service: outOfService }),
          })
        : [workersTable(found, Date.now()), ...outOfServiceLines(outOfService)].join('\n');
    context.stdout.write(`${text}\n`);
    return 0;
  } finally {
    client.close();
  }
}

function workersTable(workers: readonly WorkerRecord[], now: number): string {
  if (workers.length === 0) return 'No workers are known to the server.';
  const rows = workers
    .toSorted((a, b) => a.id.localeCompare(b.id))
    .map((worker) => [
      worker.id,
      worker.task === undefined ? '-' : `${worker.task.name ?? ''} (${worker.task.id})`.trimStart(),
      (worker.queues ?? []).map((queue) => queue.name ?? queue.id).join(', ') || '-',
      ageText(worker.last_activity_time, now) || '-',
      worker.ip ?? '-',
      (worker.tags ?? []).join(', '),
    ]);
  return renderTable({ headings: ['WORKER', 'TASK', 'QUEUES', 'LAST REPORT', 'ADDRESS', 'TAGS'], rows });
}
