import { call } from '../../api/client.js';
import { askQueues, type Queue } from '../../api/queues.js';
import type { Task } from '../../api/task.js';
import { askCurves, askWorkers, type Worker, type WorkerCurves } from '../../api/workers.js';

export interface OverviewData {
  /** One more than is shown, if there are more. */
  running: Task[];
  failed: Task[];
  queues: Queue[];
  workers: Worker[];
  curves: ReadonlyMap<string, WorkerCurves>;
  /** There is no task at all. */
  isNew: boolean;
}

/** Tasks of each list that are shown. */
export const SHOWN = 8;
const DAY_MS = 86_400_000;
const FIELDS = [
  'name',
  'status',
  'started',
  'status_changed',
  'status_reason',
  'status_message',
  'last_worker',
];
/** Machine figures of the last minutes are the present ones. */
const PRESENT = { seconds: 300, points: 1 };

export async function askOverview(signal: AbortSignal): Promise<OverviewData> {
  const list = async (query: object, size = SHOWN + 1) => {
    const body = {
      ...query,
      only_fields: [...FIELDS, 'last_iteration', 'project.name'],
      system_tags: ['-archived'],
      page: 0,
      page_size: size,
    };
    return (await call<{ tasks: Task[] }>('tasks.get_all_ex', body, { signal })).tasks;
  };
  const since = new Date(Date.now() - DAY_MS).toISOString().slice(0, 19);
  const [running, failed, any, queues, workers, curves] = await Promise.all([
    list({ status: ['in_progress'], order_by: ['-started'] }),
    list({ status: ['failed'], status_changed: [`>=${since}`], order_by: ['-status_changed'] }),
    list({}, 1),
    askQueues(signal),
    askWorkers(signal),
    askCurves([], PRESENT, signal),
  ]);
  return { running, failed, queues, workers, curves, isNew: any.length === 0 };
}
