import type { Task } from '../../api/task.js';
import { at } from '../../base.js';
import { StatusBadge } from '../../components/status-badge.js';
import type { Column } from '../../components/table.js';
import { Elapsed, RelativeTime } from '../../components/times.js';

/** The columns that every list of tasks has. */
export const COLUMNS: readonly Column<Task>[] = [
  { key: 'name', title: 'Name', sortBy: 'name', isWide: true, cell: (task) => <NameCell task={task} /> },
  { key: 'status', title: 'Status', sortBy: 'status', cell: ({ status }) => <StatusBadge status={status} /> },
  { key: 'project', title: 'Project', cell: ({ project }) => project?.name ?? <span class="faint">–</span> },
  { key: 'user', title: 'User', sortBy: 'user', cell: ({ user }) => user?.name ?? '' },
  {
    key: 'started',
    title: 'Started',
    sortBy: 'started',
    cell: ({ started }) => <RelativeTime time={started} />,
  },
  {
    key: 'took',
    title: 'Took',
    isNumber: true,
    cell: ({ started, completed, status }) => (
      <Elapsed from={started} to={status === 'in_progress' ? undefined : (completed ?? started)} />
    ),
  },
  {
    key: 'iteration',
    title: 'Iteration',
    sortBy: 'last_iteration',
    isNumber: true,
    cell: ({ last_iteration: last }) =>
      last === undefined || last === 0 ? <span class="faint">–</span> : last,
  },
  {
    key: 'update',
    title: 'Updated',
    sortBy: 'last_update',
    cell: ({ last_update: last }) => <RelativeTime time={last} />,
  },
];

function NameCell({ task }: { task: Task }) {
  return (
    <div class="name-cell">
      <a href={at(`/tasks/${task.id}`)} title={task.name}>
        {task.name}
      </a>
      {(task.tags ?? []).slice(0, 3).map((tag) => (
        <span class="tag" key={tag} title={tag}>
          {tag}
        </span>
      ))}
    </div>
  );
}
