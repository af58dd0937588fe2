import { useAddress } from '../../api/address.js';
import type { Task } from '../../api/task.js';
import { CheckField } from '../../components/fields.js';
import { figure } from '../../components/figure.js';
import { Empty } from '../../components/states.js';
import { type Column, Table } from '../../components/table.js';

interface ValueRow {
  name: string;
  /** One for each task. */
  values: readonly (string | undefined)[];
}

type Kind = 'parameters' | 'metrics';

/** A line for each parameter or metric, a column for each task; lines that differ stand out. */
export function CompareValues({ tasks, kind }: { tasks: readonly Task[]; kind: Kind }) {
  const address = useAddress();
  const onlyDifferent = address.get('all') !== '1';
  const rows = rowsOf(tasks, kind === 'parameters' ? parametersOf : metricsOf);
  const shown = onlyDifferent ? rows.filter(differs) : rows;
  const columns: Column<ValueRow>[] = [
    { key: 'name', title: kind === 'parameters' ? 'Parameter' : 'Metric', cell: ({ name }) => name },
    ...tasks.map((task, index) => ({
      key: task.id,
      title: task.name,
      cell: (row: ValueRow) => (
        <span class={differs(row) ? 'mono differs' : 'mono'}>
          {row.values[index] ?? <span class="faint">–</span>}
        </span>
      ),
    })),
  ];
  return (
    <>
      <div class="toolbar">
        <CheckField
          label="Only what differs"
          checked={onlyDifferent}
          onChange={(only) => address.set({ all: only ? undefined : '1' })}
        />
        <span class="faint">
          {shown.length} of {rows.length}
        </span>
      </div>
      {shown.length === 0 ? (
        <Empty title={rows.length === 0 ? 'There is nothing to compare.' : 'All values are equal.'} />
      ) : (
        <Table label="Values" columns={columns} rows={shown} keyOf={({ name }) => name} />
      )}
    </>
  );
}

function differs({ values }: ValueRow): boolean {
  return new Set(values).size > 1;
}

function rowsOf(tasks: readonly Task[], read: (task: Task) => ReadonlyMap<string, string>): ValueRow[] {
  const maps = tasks.map(read);
  const names = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();
  return names.map((name) => ({ name, values: maps.map((map) => map.get(name)) }));
}

function parametersOf({ hyperparams = {} }: Task): Map<string, string> {
  const all = Object.values(hyperparams).flatMap((parameters) => Object.values(parameters));
  return new Map(all.map(({ section, name, value }) => [`${section}/${name}`, value]));
}

function metricsOf({ last_metrics: last = {} }: Task): Map<string, string> {
  const all = Object.values(last).flatMap((variants) => Object.values(variants));
  return new Map(all.map(({ metric, variant, value }) => [`${metric}/${variant}`, figure(value)]));
}
