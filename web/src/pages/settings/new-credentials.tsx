import { useState } from 'preact/hooks';
import { reasonOf } from '../../api/failure.js';
import { Dialog } from '../../components/dialog.js';
import { CheckField, TextField } from '../../components/fields.js';
import { ErrorNote } from '../../components/states.js';
import { createCredentials, type NewPair } from './ask-credentials.js';

interface NewProps {
  onClose: () => void;
  onDone: (pair: NewPair) => void;
}

export function NewCredentials({ onClose, onDone }: NewProps) {
  const [label, setLabel] = useState('');
  const [isForAgents, setForAgents] = useState(false);
  const [error, setError] = useState<string>();
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      onDone(await createCredentials(label.trim(), isForAgents));
    } catch (cause) {
      setError(reasonOf(cause));
    }
  };
  return (
    <Dialog title="Create credentials" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <TextField
          label="Label"
          value={label}
          onInput={setLabel}
          placeholder="GPU machine 3"
          hint="What the pair is for."
        />
        <CheckField
          label="For agents only: the pair runs the tasks of all users, and makes neither keys nor users."
          checked={isForAgents}
          onChange={setForAgents}
        />
        {error !== undefined && <ErrorNote error={error} />}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary">
            Create
          </button>
        </div>
      </form>
    </Dialog>
  );
}
