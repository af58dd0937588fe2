import { longestWait, type Queue } from '../../api/queues.js';
import { at } from '../../base.js';
import { counted } from '../../components/figure.js';
import { duration } from '../../components/times.js';

/** Queues with tasks, the longest first; then what is served by nobody shows. */
export function QueueRows({ queues }: { queues: readonly Queue[] }) {
  const waiting = queues
    .filter(({ entries }) => entries.length > 0)
    .toSorted((a, b) => b.entries.length - a.entries.length);
  if (waiting.length === 0) return <p class="faint">Nothing waits.</p>;
  return (
    <ul class="rows">
      {waiting.map((queue) => (
        <li key={queue.id}>
          <div class="row-main">
            <a class="row-title" href={at(`/queues?queue=${queue.id}`)}>
              {queue.name}
            </a>
            <span class={queue.workers.length === 0 ? 'row-note bad' : 'row-note'}>{servedBy(queue)}</span>
          </div>
          <div class="row-side">
            <strong>{queue.entries.length}</strong>
            <span class="row-note">longest {duration(longestWait(queue) ?? 0)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function servedBy({ workers }: Queue): string {
  if (workers.length === 0) return 'No worker serves it';
  return counted(workers.length, 'worker');
}
