import { useState } from 'preact/hooks';
import type { Task } from '../../api/task.js';
import { Dialog } from '../../components/dialog.js';
import { CheckField, TextField } from '../../components/fields.js';
import { editTags, whatOf } from './task-actions.js';

interface TagProps {
  tasks: readonly Task[];
  onClose: () => void;
  onDone: () => void;
}

/** Adds tags and removes those that the tasks have. */
export function TagDialog({ tasks, onClose, onDone }: TagProps) {
  const present = [...new Set(tasks.flatMap(({ tags = [] }) => tags))].sort();
  const [removed, setRemoved] = useState<readonly string[]>([]);
  const [text, setText] = useState('');
  const added = text
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await editTags(tasks, added, removed)) onDone();
    onClose();
  };
  return (
    <Dialog title={`Tags of ${whatOf(tasks)}`} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        {present.map((tag) => (
          <CheckField
            key={tag}
            label={tag}
            checked={!removed.includes(tag)}
            onChange={(stays) => setRemoved(stays ? removed.filter((one) => one !== tag) : [...removed, tag])}
          />
        ))}
        <TextField label="Add tags" value={text} onInput={setText} hint="Commas separate several." />
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={added.length + removed.length === 0}>
            Apply
          </button>
        </div>
      </form>
    </Dialog>
  );
}
