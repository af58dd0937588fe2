import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { reasonOf } from '../../api/failure.js';
import type { Queue } from '../../api/queues.js';
import { Dialog } from '../../components/dialog.js';
import { TextField } from '../../components/fields.js';
import { toast } from '../../components/toast.js';

interface NameProps {
  /** The queue to rename; without it a new one is made. */
  queue?: Queue;
  onClose: () => void;
  onDone: (id: string) => void;
}

/** The server takes no shorter names. */
const SHORTEST = 3;

export function NameDialog({ queue, onClose, onDone }: NameProps) {
  const [name, setName] = useState(queue?.name ?? '');
  const [error, setError] = useState<string>();
  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted.length < SHORTEST) {
      setError(`A name has at least ${SHORTEST} characters.`);
      return;
    }
    try {
      const id = await save(queue, wanted);
      toast(queue === undefined ? `Made the queue ${wanted}` : `Renamed the queue to ${wanted}`);
      onDone(id);
    } catch (cause) {
      setError(reasonOf(cause));
    }
  };
  return (
    <Dialog title={queue === undefined ? 'New queue' : `Rename ${queue.name}`} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <TextField label="Name" value={name} onInput={setName} error={error} />
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary">
            {queue === undefined ? 'Make the queue' : 'Rename'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

async function save(queue: Queue | undefined, name: string): Promise<string> {
  if (queue === undefined) return (await call<{ id: string }>('queues.create', { name })).id;
  await call('queues.update', { queue: queue.id, name });
  return queue.id;
}
