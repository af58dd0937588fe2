import { useState } from 'preact/hooks';
import type { Task } from '../../api/task.js';
import { at } from '../../base.js';
import { Menu } from '../../components/menu.js';
import { EnqueueDialog } from './enqueue-dialog.js';
import { TagDialog } from './tag-dialog.js';
import { ACTIONS, canEnqueue, perform } from './task-actions.js';

interface BulkProps {
  tasks: readonly Task[];
  onDone: () => void;
  onClear: () => void;
}

const MOST_COMPARED = 5;

/** What can be done with the tasks that are selected; a number says to how many of them it applies. */
export function BulkActions({ tasks, onDone, onClear }: BulkProps) {
  const [dialog, setDialog] = useState<'enqueue' | 'tags'>();
  const close = () => setDialog(undefined);
  const waiting = tasks.filter(canEnqueue);
  const canCompare = tasks.length >= 2 && tasks.length <= MOST_COMPARED;
  return (
    <section class="bulk" aria-label="Selected tasks">
      <span class="bulk-count">{tasks.length} selected</span>
      {canCompare && (
        <a class="button small" href={at(`/compare?tasks=${tasks.map(({ id }) => id).join(',')}`)}>
          Compare
        </a>
      )}
      {waiting.length > 0 && (
        <button type="button" class="button small" onClick={() => setDialog('enqueue')}>
          Enqueue{countOf(waiting, tasks)}
        </button>
      )}
      <button type="button" class="button small" onClick={() => setDialog('tags')}>
        Tag
      </button>
      {ACTIONS.map((action) => {
        const some = tasks.filter(action.applies);
        if (some.length === 0) return null;
        const act = () => void perform(action, tasks).then((done) => done && onDone());
        return (
          <button type="button" key={action.key} class="button small" onClick={act}>
            {action.title}
            {countOf(some, tasks)}
          </button>
        );
      })}
      <button type="button" class="icon-button" aria-label="Clear the selection" onClick={onClear}>
        ×
      </button>
      {dialog === 'enqueue' && <EnqueueDialog tasks={waiting} onClose={close} onDone={onDone} />}
      {dialog === 'tags' && <TagDialog tasks={tasks} onClose={close} onDone={onDone} />}
    </section>
  );
}

function countOf(some: readonly Task[], all: readonly Task[]): string {
  return some.length === all.length ? '' : ` (${some.length})`;
}

/** The same for one task, in a menu. */
export function ActionMenu({
  task,
  onDone,
  onDeleted,
}: {
  task: Task;
  onDone: () => void;
  onDeleted: () => void;
}) {
  const [isTagging, setTagging] = useState(false);
  return (
    <div class="menu-end">
      <Menu label="More" name="More actions">
        {(close) => (
          <>
            <button type="button" class="menu-item" onClick={() => setTagging(true)}>
              Edit tags
            </button>
            {ACTIONS.filter(({ applies, key }) => applies(task) && key !== 'abort').map((action) => (
              <button
                type="button"
                key={action.key}
                class={action.key === 'delete' ? 'menu-item danger' : 'menu-item'}
                onClick={() => {
                  close();
                  void perform(action, [task]).then(
                    (done) => done && (action.key === 'delete' ? onDeleted() : onDone()),
                  );
                }}
              >
                {action.title}
              </button>
            ))}
          </>
        )}
      </Menu>
      {isTagging && <TagDialog tasks={[task]} onClose={() => setTagging(false)} onDone={onDone} />}
    </div>
  );
}
