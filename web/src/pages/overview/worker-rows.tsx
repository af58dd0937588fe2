import { lastOf, type Worker, type WorkerCurves } from '../../api/workers.js';
import { at } from '../../base.js';
import { Meter } from '../../components/meter.js';

interface WorkerRowsProps {
  workers: readonly Worker[];
  curves: ReadonlyMap<string, WorkerCurves>;
}

/** Those that work come first; a fleet is cut. */
const SHOWN = 12;

export function WorkerRows({ workers, curves }: WorkerRowsProps) {
  if (workers.length === 0)
    return (
      <p class="faint">
        No worker has reported. Start one: <code>agent daemon --queue default</code>
      </p>
    );
  const sorted = workers.toSorted((a, b) => Number(b.task !== undefined) - Number(a.task !== undefined));
  return (
    <ul class="rows">
      {sorted.slice(0, SHOWN).map((worker) => (
        <li key={worker.key}>
          <div class="row-main">
            <a class="row-title" href={at(`/workers?worker=${encodeURIComponent(worker.id)}`)}>
              {worker.id}
            </a>
            <span class="row-note">{worker.task === undefined ? 'idle' : worker.task.name}</span>
          </div>
          <div class="row-meters">
            <Meter label="CPU" percent={lastOf(curves.get(worker.id), 'cpu_usage avg')} />
            {curves.get(worker.id)?.has('gpu_usage avg') === true && (
              <Meter label="GPU" percent={lastOf(curves.get(worker.id), 'gpu_usage avg')} />
            )}
          </div>
        </li>
      ))}
      {sorted.length > SHOWN && (
        <li>
          <a href={at('/workers')}>{sorted.length - SHOWN} more workers</a>
        </li>
      )}
    </ul>
  );
}
