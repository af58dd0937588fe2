import { longestWait, type Queue } from '../../api/queues.js';
import { counted } from '../../components/figure.js';
import { duration } from '../../components/times.js';

interface QueueListProps {
  queues: readonly Queue[];
  chosen: string;
  onChoose: (id: string) => void;
}

export function QueueList({ queues, chosen, onChoose }: QueueListProps) {
  return (
    <ul class="queue-list card" aria-label="Queues">
      {queues.map((queue) => (
        <li key={queue.id}>
          <button
            type="button"
            class="queue-item"
            aria-current={queue.id === chosen ? 'true' : undefined}
            onClick={() => onChoose(queue.id)}
          >
            <span class="queue-name">{queue.name}</span>
            <span class="queue-count">{queue.entries.length}</span>
            <span class="queue-note">{noteOf(queue)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function noteOf(queue: Queue): string {
  const wait = longestWait(queue);
  const { length } = queue.workers;
  const workers = length === 0 ? 'no worker' : counted(length, 'worker');
  return wait === undefined ? workers : `${workers} · longest wait ${duration(wait)}`;
}
