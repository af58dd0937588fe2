import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { Dialog } from '../../components/dialog.js';
import { SelectField } from '../../components/fields.js';
import { counted } from '../../components/figure.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { type Acted, enqueue, whatOf } from './task-actions.js';

interface Queue {
  id: string;
  name: string;
  system_tags?: string[];
  entries?: unknown[];
  workers?: unknown[];
}

interface EnqueueProps {
  tasks: readonly Acted[];
  onClose: () => void;
  onDone: () => void;
}

/** Asks for the queue. */
export function EnqueueDialog({ tasks, onClose, onDone }: EnqueueProps) {
  const { data: queues, error } = useQuery('queues', askQueues);
  const [chosen, setChosen] = useState<string>();
  const queue = queues?.find(({ id }) => id === chosen) ?? queues?.find(isDefault) ?? queues?.[0];
  const submit = async (event: Event) => {
    event.preventDefault();
    if (queue !== undefined && (await enqueue(tasks, queue))) onDone();
    onClose();
  };
  return (
    <Dialog title={`Enqueue ${whatOf(tasks)}`} onClose={onClose}>
      {error !== undefined && <ErrorNote error={error} />}
      {queues === undefined ? (
        error === undefined && <Loading />
      ) : queues.length === 0 ? (
        <Empty title="The server has no queue.">
          <a href={at('/queues')}>Make one</a>
        </Empty>
      ) : (
        <form onSubmit={submit}>
          <SelectField
            label="Queue"
            value={queue?.id ?? ''}
            onChange={setChosen}
            options={queues.map((one) => [one.id, queueText(one)])}
            hint={
              (queue?.workers ?? []).length === 0
                ? `No worker serves this queue now. ${tasks.length === 1 ? 'The task waits' : 'The tasks wait'}.`
                : undefined
            }
          />
          <div class="dialog-foot">
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <button type="submit" class="button primary" disabled={queue === undefined}>
              Enqueue
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

async function askQueues(signal: AbortSignal): Promise<Queue[]> {
  const { queues } = await call<{ queues: Queue[] }>('queues.get_all_ex', {}, { signal });
  return queues.sort((a, b) => a.name.localeCompare(b.name));
}

/** Queues of applications and services come before it in the alphabet. */
function isDefault({ system_tags: tags = [] }: Queue): boolean {
  return tags.includes('default');
}

function queueText({ name, entries = [], workers = [] }: Queue): string {
  return `${name} (${entries.length} waiting, ${counted(workers.length, 'worker')})`;
}
