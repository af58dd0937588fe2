import { lastOf, usedPart, type Worker, type WorkerCurves } from '../../api/workers.js';
import { at } from '../../base.js';
import { Meter } from '../../components/meter.js';
import type { Column } from '../../components/table.js';
import { RelativeTime } from '../../components/times.js';

interface ColumnOptions {
  curves: ReadonlyMap<string, WorkerCurves>;
  /** Key of the worker whose graphs are shown. */
  chosen: string;
  onChoose: (id: string) => void;
}

export function columnsOf({ curves, chosen, onChoose }: ColumnOptions): Column<Worker>[] {
  const meter = (
    title: string,
    read: (one: WorkerCurves | undefined) => number | undefined,
  ): Column<Worker> => ({
    key: title,
    title,
    cell: ({ id }) => {
      const percent = read(curves.get(id));
      return percent === undefined ? (
        <span class="faint">–</span>
      ) : (
        <Meter label={`${title} of ${id}`} percent={percent} hideLabel />
      );
    },
  });
  return [
    {
      key: 'id',
      title: 'Worker',
      cell: ({ id, key }) => (
        <button type="button" class="worker-name" aria-pressed={key === chosen} onClick={() => onChoose(id)}>
          {id}
        </button>
      ),
    },
    { key: 'task', title: 'Task', cell: (worker) => <CurrentTask worker={worker} /> },
    meter('CPU', (one) => lastOf(one, 'cpu_usage avg')),
    meter('Memory', (one) => usedPart(one, 'memory')),
    meter('GPU', (one) => lastOf(one, 'gpu_usage avg')),
    meter('GPU memory', (one) => usedPart(one, 'gpu_memory')),
    { key: 'queues', title: 'Queues', cell: (worker) => <QueueLinks worker={worker} /> },
    {
      key: 'seen',
      title: 'Last report',
      cell: ({ last_activity_time: time }) => <RelativeTime time={time} />,
    },
  ];
}

function CurrentTask({ worker: { task } }: { worker: Worker }) {
  if (task === undefined) return <span class="faint">idle</span>;
  return <a href={at(`/tasks/${task.id}`)}>{task.name}</a>;
}

function QueueLinks({ worker: { queues } }: { worker: Worker }) {
  return (
    <>
      {queues.map(({ id, name }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <a href={at(`/queues?queue=${id}`)}>{name ?? id}</a>
        </span>
      ))}
    </>
  );
}
