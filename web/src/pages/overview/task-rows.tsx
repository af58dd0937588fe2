import type { Task } from '../../api/task.js';
import { at } from '../../base.js';
import { Elapsed, RelativeTime } from '../../components/times.js';

export function RunningRows({ tasks }: { tasks: readonly Task[] }) {
  if (tasks.length === 0) return <p class="faint">Nothing runs.</p>;
  return (
    <ul class="rows">
      {tasks.map((task) => (
        <li key={task.id}>
          <div class="row-main">
            <TaskLink task={task} />
            <span class="row-note">{task.project?.name}</span>
          </div>
          <div class="row-side">
            <Elapsed from={task.started} />
            <span class="row-note">{task.last_worker ?? ''}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

export function FailedRows({ tasks }: { tasks: readonly Task[] }) {
  if (tasks.length === 0) return <p class="faint">Nothing failed.</p>;
  return (
    <ul class="rows">
      {tasks.map((task) => (
        <li key={task.id}>
          <div class="row-main">
            <TaskLink task={task} />
            <span class="row-note bad">{whyOf(task)}</span>
          </div>
          <div class="row-side">
            <RelativeTime time={task.status_changed} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function whyOf({ status_reason: reason = '', status_message: message = '' }: Task): string {
  return reason === '' ? message : reason;
}

function TaskLink({ task }: { task: Task }) {
  return (
    <a class="row-title" href={at(`/tasks/${task.id}`)}>
      {task.name}
    </a>
  );
}
