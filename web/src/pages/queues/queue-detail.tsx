import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { longestWait, type Queue } from '../../api/queues.js';
import { at } from '../../base.js';
import { confirmed } from '../../components/dialog.js';
import { Empty } from '../../components/states.js';
import { duration } from '../../components/times.js';
import { attempt } from '../../components/toast.js';
import { EntryList } from './entry-list.js';
import { NameDialog } from './queue-dialogs.js';

interface DetailProps {
  queue: Queue;
  queues: readonly Queue[];
  onChanged: () => void;
}

/** One queue: what waits in it, and who serves it. */
export function QueueDetail({ queue, queues, onChanged }: DetailProps) {
  const [isRenamed, setRenamed] = useState(false);
  const remove = async () => {
    if (!(await confirmed(deletionOf(queue)))) return;
    const deletion = () => call('queues.delete', { queue: queue.id, force: true });
    if (await attempt(deletion, `Deleted the queue ${queue.name}`)) onChanged();
  };
  return (
    <section class="queue-detail" aria-label={`Queue ${queue.name}`}>
      <header class="queue-head">
        <h2>{queue.name}</h2>
        <div class="actions">
          <button type="button" class="button small" onClick={() => setRenamed(true)}>
            Rename
          </button>
          <button type="button" class="button small" onClick={() => void remove()}>
            Delete
          </button>
        </div>
      </header>
      <QueueFacts queue={queue} />
      {queue.entries.length === 0 ? (
        <Empty title="No task waits in this queue.">
          <a href={at('/tasks?status=created')}>Enqueue a draft</a>
        </Empty>
      ) : (
        <EntryList queue={queue} others={queues.filter(({ id }) => id !== queue.id)} onChanged={onChanged} />
      )}
      {isRenamed && (
        <NameDialog
          queue={queue}
          onClose={() => setRenamed(false)}
          onDone={() => {
            setRenamed(false);
            onChanged();
          }}
        />
      )}
    </section>
  );
}

function deletionOf({ name, entries }: Queue) {
  const { length } = entries;
  const tasks = length === 1 ? 'The task in it becomes a draft' : `The ${length} tasks in it become drafts`;
  const text = length === 0 ? 'Workers that serve it lose it.' : `${tasks} again.`;
  return { title: `Delete the queue ${name}?`, text, action: 'Delete', isDangerous: true };
}

function QueueFacts({ queue }: { queue: Queue }) {
  const { entries, workers } = queue;
  const waits = entries.map(({ added }) => Math.max(0, Date.now() - new Date(added).getTime()));
  const average = waits.reduce((sum, wait) => sum + wait, 0) / (waits.length || 1);
  return (
    <div class="queue-facts">
      <span>
        <strong>{entries.length}</strong> waiting
      </span>
      {waits.length > 0 && (
        <>
          <span>
            average wait <strong>{duration(average)}</strong>
          </span>
          <span>
            longest wait <strong>{duration(longestWait(queue) ?? 0)}</strong>
          </span>
        </>
      )}
      <span class={workers.length === 0 ? 'queue-unserved' : undefined}>
        {workers.length === 0 ? 'No worker serves this queue' : 'served by '}
        {workers.map(({ name }, index) => (
          <span key={name}>
            {index > 0 && ', '}
            <a href={at(`/workers?worker=${encodeURIComponent(name)}`)}>{name}</a>
          </span>
        ))}
      </span>
    </div>
  );
}
