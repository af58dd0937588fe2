import { useMemo } from 'preact/hooks';
import { useAddress } from '../../api/address.js';
import { askTasksById } from '../../api/ask-task.js';
import type { Task } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { colourOf } from '../../components/chart-options.js';
import { counted } from '../../components/figure.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { StatusBadge } from '../../components/status-badge.js';
import { Tabs } from '../../components/tabs.js';
import { CompareScalars } from './compare-scalars.js';
import { CompareValues } from './compare-values.js';
import './compare.css';

const MOST = 5;
const TABS = [
  ['parameters', 'Parameters'],
  ['scalars', 'Scalars'],
  ['metrics', 'Last values'],
] as const;

/** Two to five tasks side by side. A colour stands for a task everywhere. */
export default function Compare() {
  const address = useAddress();
  const ids = address.list('tasks').slice(0, MOST);
  const {
    data: tasks,
    error,
    reload,
  } = useQuery(`compare ${ids.join()}`, (signal) => askTasksById(ids, signal));
  const shown = useMemo(() => tasks ?? [], [tasks]);
  if (error !== undefined) return <ErrorNote error={error} onRetry={reload} />;
  if (tasks === undefined) return <Loading />;
  const tab = TABS.map(([key]) => key).find((key) => key === address.get('tab')) ?? 'parameters';
  return (
    <>
      <PageHead title={`Compare ${counted(tasks.length, 'task')}`} crumb={<a href={at('/tasks')}>Tasks</a>} />
      {tasks.length < 2 && <Empty title="Select two to five tasks in the list to compare them." />}
      <div class="compared">
        {tasks.map((task, index) => (
          <Compared
            key={task.id}
            task={task}
            index={index}
            onRemove={() => address.set({ tasks: ids.filter((id) => id !== task.id) })}
          />
        ))}
      </div>
      <Tabs
        label="What to compare"
        tabs={TABS}
        chosen={tab}
        onChoose={(key) => address.set({ tab: key === 'parameters' ? undefined : key })}
      >
        {tab === 'parameters' && <CompareValues tasks={shown} kind="parameters" />}
        {tab === 'metrics' && <CompareValues tasks={shown} kind="metrics" />}
        {tab === 'scalars' && <CompareScalars tasks={shown} />}
      </Tabs>
    </>
  );
}

function Compared({ task, index, onRemove }: { task: Task; index: number; onRemove: () => void }) {
  return (
    <div class="card compared-task" style={{ borderTopColor: colourOf(index) }}>
      <a href={at(`/tasks/${task.id}`)}>{task.name}</a>
      <div class="actions">
        <StatusBadge status={task.status} />
        <span class="faint">{task.project?.name}</span>
        <span class="grow" />
        <button type="button" class="icon-button" aria-label={`Leave out ${task.name}`} onClick={onRemove}>
          ×
        </button>
      </div>
    </div>
  );
}
