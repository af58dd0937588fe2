import { useEffect, useRef, useState } from 'preact/hooks';
import { dequeue, enqueueAt, moveEntry, type Queue, type QueueEntry } from '../../api/queues.js';
import { at } from '../../base.js';
import { Menu } from '../../components/menu.js';
import { Elapsed } from '../../components/times.js';
import { attempt } from '../../components/toast.js';
import { moved, useReorder } from './use-reorder.js';

interface EntryListProps {
  queue: Queue;
  /** To which tasks can go. */
  others: readonly Queue[];
  onChanged: () => void;
}

/** Longer queues show their beginning; what is behind it changes often enough. */
const SHOWN = 300;

/** The tasks of a queue in order. A handle drags them; with the focus on it the arrow keys move them. */
export function EntryList({ queue, others, onChanged }: EntryListProps) {
  const [entries, setEntries] = useState<readonly QueueEntry[]>(queue.entries);
  const [said, say] = useState('');
  /** Moves whose answer is to come: lists that were asked for before show the old order. */
  const moving = useRef(0);
  const move = async (from: number, to: number) => {
    const entry = entries[from];
    if (entry === undefined || from === to || to < 0 || to >= entries.length) return;
    moving.current += 1;
    setEntries(moved(entries, from, to));
    say(`${nameOf(entry)} is now number ${to + 1} of ${entries.length}`);
    const isDone = await attempt(() => moveEntry(queue.id, entry.task.id, from, to));
    moving.current -= 1;
    if (!isDone) setEntries(entries);
    onChanged();
  };
  const reorder = useReorder(move);
  // What is dragged stays under the pointer.
  useEffect(() => {
    if (!reorder.isDragging && moving.current === 0) setEntries(queue.entries);
  }, [queue]);
  return (
    <>
      <p class="hint" id="order-hint">
        The first is taken first. Drag a task by its handle, or move it with the arrow keys, Home and End.
      </p>
      <ol class="entries card" ref={reorder.list}>
        {entries.slice(0, SHOWN).map((entry, index) => (
          <li key={entry.task.id} class={reorder.classOf(index)} {...reorder.rowProps(index)}>
            <button
              type="button"
              class="handle"
              aria-label={`Move ${nameOf(entry)}, number ${index + 1}`}
              aria-describedby="order-hint"
              {...reorder.handleProps(index, entries.length)}
            >
              <span aria-hidden="true">⠿</span>
            </button>
            <span class="entry-number">{index + 1}</span>
            <a class="entry-name" href={at(`/tasks/${entry.task.id}`)}>
              {nameOf(entry)}
            </a>
            <span class="entry-wait">
              <span class="visually-hidden">waits for </span>
              <Elapsed from={entry.added} />
            </span>
            <EntryMenu
              place={index}
              entry={entry}
              queue={queue}
              others={others}
              onMove={(to) => void move(index, to)}
              onChanged={onChanged}
            />
          </li>
        ))}
      </ol>
      {entries.length > SHOWN && <p class="hint">{entries.length - SHOWN} more tasks wait behind these.</p>}
      <div class="visually-hidden" role="status">
        {said}
      </div>
    </>
  );
}

function nameOf({ task }: QueueEntry): string {
  return task.name ?? task.id;
}

interface EntryMenuProps extends EntryListProps {
  place: number;
  entry: QueueEntry;
  onMove: (to: number) => void;
}

function EntryMenu({ place, entry, queue, others, onMove, onChanged }: EntryMenuProps) {
  const { id } = entry.task;
  const name = nameOf(entry);
  const frame = useRef<HTMLDivElement>(null);
  const back = async () => {
    await enqueueAt(queue.id, id, place);
    onChanged();
  };
  const act = async (action: () => Promise<void>, done: string) => {
    if (await attempt(action, done, back)) onChanged();
  };
  return (
    <div class="menu-end" ref={frame}>
      <Menu label="⋯" name={`Actions for ${name}`} buttonClass="icon-button">
        {(close) => {
          const item = (text: string, run: () => void) => (
            <button
              key={text}
              type="button"
              class="menu-item"
              onClick={() => {
                close();
                run();
              }}
            >
              {text}
            </button>
          );
          return (
            <>
              {place > 0 && item('To the front', () => onMove(0))}
              {place < queue.entries.length - 1 &&
                item('To the back', () => onMove(queue.entries.length - 1))}
              {item('Dequeue', () => void act(() => dequeue(id), `Took ${name} out of the queue`))}
              {others.length > 0 && <h3>Move to</h3>}
              {others.map((other) =>
                item(
                  other.name,
                  () => void act(() => enqueueAt(other.id, id), `Moved ${name} to ${other.name}`),
                ),
              )}
            </>
          );
        }}
      </Menu>
    </div>
  );
}
