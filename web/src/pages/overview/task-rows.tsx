import type { ComponentChildren } from 'preact';
import type { Task } from '../../api/task.js';
import { at } from '../../base.js';
import { Elapsed, RelativeTime } from '../../components/times.js';

interface RowsProps {
  tasks: readonly Task[];
}

export function RunningRows({ tasks }: RowsProps) {
  return (
    <Rows
      tasks={tasks}
      empty="Nothing runs."
      note={(task) => <span class="row-note">{task.project?.name}</span>}
      side={(task) => (
        <>
          <Elapsed from={task.started} />
          <span class="row-note">{task.last_worker ?? ''}</span>
        </>
      )}
    />
  );
}

export function FailedRows({ tasks }: RowsProps) {
  return (
    <Rows
      tasks={tasks}
      empty="Nothing failed."
      note={(task) => <span class="row-note bad">{whyOf(task)}</span>}
      side={(task) => <RelativeTime time={task.status_changed} />}
    />
  );
}

interface AllRowsProps extends RowsProps {
  /** Said when there is no task. */
  empty: string;
  /** Below the name. */
  note(task: Task): ComponentChildren;
  /** At the right. */
  side(task: Task): ComponentChildren;
}

function Rows({ tasks, empty, note, side }: AllRowsProps) {
  if (tasks.length === 0) return <p class="faint">{empty}</p>;
  return (
    <ul class="rows">
      {tasks.map((task) => (
        <li key={task.id}>
          <div class="row-main">
            <a class="row-title" href={at(`/tasks/${task.id}`)}>
              {task.name}
            </a>
            {note(task)}
          </div>
          <div class="row-side">{side(task)}</div>
        </li>
      ))}
    </ul>
  );
}

function whyOf({ status_reason: reason = '', status_message: message = '' }: Task): string {
  return reason === '' ? message : reason;
}
