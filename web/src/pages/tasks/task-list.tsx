import { useState } from 'preact/hooks';
import { useAddress } from '../../api/address.js';
import type { Task } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { Table } from '../../components/table.js';
import { BulkActions } from './bulk-actions.js';
import { tableColumn } from './extra-columns.js';
import { Filters } from './filters.js';
import { COLUMNS } from './list-columns.js';
import { askTasks, type ListState, listState, PAGE_SIZE } from './list-query.js';
import './tasks.css';

const REFRESH_MS = 5000;

/** The table of tasks. What it shows is in the address. */
export default function TaskList() {
  const address = useAddress();
  const state = listState(address);
  const { data, error, isStale, reload } = useQuery(
    JSON.stringify(state),
    (signal) => askTasks(state, signal),
    REFRESH_MS,
  );
  const [chosen, setChosen] = useState<ReadonlyMap<string, Task>>(new Map());
  const tasks = data?.tasks ?? [];
  const choose = (ids: ReadonlySet<string>) => {
    const known = new Map([...chosen, ...tasks.map((task) => [task.id, task] as const)]);
    setChosen(new Map([...known].filter(([id]) => ids.has(id))));
  };
  const current = [...chosen.values()].map((task) => tasks.find(({ id }) => id === task.id) ?? task);
  return (
    <>
      <PageHead title={state.isArchive ? 'Archived tasks' : 'Tasks'}>
        <a class="button primary" href={at('/tasks/new')}>
          New task
        </a>
      </PageHead>
      <Filters state={state} address={address} />
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Loading label="Loading tasks" />}
      {data !== undefined && (
        <Table
          label="Tasks"
          columns={[...COLUMNS, ...state.columns.map(tableColumn)]}
          rows={tasks}
          keyOf={({ id }) => id}
          nameOf={({ name }) => name}
          sort={state.sort}
          onSort={(sort) => address.set({ sort, page: undefined })}
          selected={new Set(chosen.keys())}
          onSelect={choose}
          isStale={isStale}
        />
      )}
      {data !== undefined && tasks.length === 0 && <Nothing state={state} />}
      <Pager
        state={state}
        count={tasks.length}
        hasMore={data?.hasMore === true}
        onPage={(page) => address.set({ page: page === 0 ? undefined : String(page + 1) })}
      />
      {current.length > 0 && (
        <BulkActions tasks={current} onDone={reload} onClear={() => setChosen(new Map())} />
      )}
    </>
  );
}

function Nothing({ state }: { state: ListState }) {
  const isFiltered =
    state.text !== undefined ||
    state.statuses.length + state.tags.length > 0 ||
    state.project !== undefined ||
    state.user !== undefined;
  if (isFiltered || state.page > 0)
    return (
      <Empty title="No task matches.">
        <a href={at('/tasks')}>Show all tasks</a>
      </Empty>
    );
  return (
    <Empty title={state.isArchive ? 'Nothing is archived.' : 'There are no tasks yet.'}>
      {!state.isArchive && <p>Tasks appear here when the SDK makes them, or by “New task”.</p>}
    </Empty>
  );
}

interface PagerProps {
  state: ListState;
  count: number;
  hasMore: boolean;
  onPage: (page: number) => void;
}

function Pager({ state: { page }, count, hasMore, onPage }: PagerProps) {
  if (page === 0 && !hasMore) return null;
  const first = page * PAGE_SIZE + 1;
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" class="button small" disabled={page === 0} onClick={() => onPage(page - 1)}>
        Previous
      </button>
      <span class="faint">{count === 0 ? 'No tasks' : `${first}–${first + count - 1}`}</span>
      <button type="button" class="button small" disabled={!hasMore} onClick={() => onPage(page + 1)}>
        Next
      </button>
    </nav>
  );
}
