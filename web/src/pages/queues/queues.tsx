import { useState } from 'preact/hooks';
import { useAddress } from '../../api/address.js';
import { askQueues, type Queue } from '../../api/queues.js';
import { useChanges } from '../../api/use-changes.js';
import { useQuery } from '../../api/use-query.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { QueueDetail } from './queue-detail.js';
import { NameDialog } from './queue-dialogs.js';
import { QueueList } from './queue-list.js';
import './queues.css';

/** For waiting times of queues in which nothing happens. */
const EVERY_MS = 30_000;

/** Queues, and the tasks of one of them in order. */
export default function Queues() {
  const address = useAddress();
  const { data: queues, error, reload } = useQuery('queues', askQueues, EVERY_MS);
  const [isNew, setNew] = useState(false);
  useChanges(['queues', 'workers'], reload);
  const chosen = queues === undefined ? undefined : chosenOf(queues, address.get('queue'));
  const choose = (id: string) => address.set({ queue: id });
  return (
    <>
      <PageHead title="Queues">
        <button type="button" class="button primary" onClick={() => setNew(true)}>
          New queue
        </button>
      </PageHead>
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {queues === undefined && error === undefined && <Loading />}
      {queues?.length === 0 && <Empty title="There is no queue.">Workers take tasks from queues.</Empty>}
      {queues !== undefined && chosen !== undefined && (
        <div class="queues">
          <QueueList queues={queues} chosen={chosen.id} onChoose={choose} />
          <QueueDetail key={chosen.id} queue={chosen} queues={queues} onChanged={reload} />
        </div>
      )}
      {isNew && (
        <NameDialog
          onClose={() => setNew(false)}
          onDone={(id) => {
            setNew(false);
            choose(id);
            reload();
          }}
        />
      )}
    </>
  );
}

/** The longest queue, if the address names none. */
function chosenOf(queues: readonly Queue[], id: string | undefined): Queue | undefined {
  const longest = queues.toSorted((a, b) => b.entries.length - a.entries.length)[0];
  return queues.find((queue) => queue.id === id) ?? longest;
}
