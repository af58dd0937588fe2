import { call } from '../../api/client.js';
import type { Task } from '../../api/task.js';
import { figure } from '../../components/figure.js';
import type { Column } from '../../components/table.js';

/** A column for a hyper-parameter or a last metric. */
export interface ExtraColumn {
  /** Its word in the address. */
  word: string;
  title: string;
  /** What the server sorts by. */
  field: string;
  /** What the server must send: a path that dots in a name do not split. */
  asks: string;
  read: (task: Task) => string | number | undefined;
}

/** Parts of a word are apart by a character that names hardly have. */
const PART = '\u001f';

export function readColumn(word: string): ExtraColumn | undefined {
  const [kind, ...parts] = word.split(PART);
  if (kind === 'p') return parameterColumn(word, parts[0] ?? '', parts[1] ?? '');
  if (kind === 'm') return metricColumn(word, parts);
  return undefined;
}

function parameterColumn(word: string, section: string, name: string): ExtraColumn {
  return {
    word,
    title: section === 'Args' ? name : `${section}/${name}`,
    field: `hyperparams.${section}.${name}.value`,
    asks:
      name.includes('.') || section.includes('.') ? 'hyperparams' : `hyperparams.${section}.${name}.value`,
    read: ({ hyperparams }) => hyperparams?.[section]?.[name]?.value,
  };
}

function metricColumn(word: string, parts: readonly string[]): ExtraColumn {
  const [metric = '', variant = '', metricHash = '', variantHash = ''] = parts;
  return {
    word,
    title: metric === variant ? metric : `${metric}/${variant}`,
    field: `last_metrics.${metricHash}.${variantHash}.value`,
    asks: `last_metrics.${metricHash}.${variantHash}.value`,
    read: ({ last_metrics: last }) => last?.[metricHash]?.[variantHash]?.value,
  };
}

export function tableColumn({ word, title, field, read }: ExtraColumn): Column<Task> {
  return {
    key: word,
    title,
    sortBy: field,
    isNumber: word.startsWith('m'),
    cell: (task) => {
      const value = read(task);
      return typeof value === 'number' ? figure(value) : (value ?? <span class="faint">–</span>);
    },
  };
}

export interface ColumnChoice {
  word: string;
  title: string;
  group: 'Parameters' | 'Metrics';
}

interface MetricName {
  metric: string;
  variant: string;
  metric_hash: string;
  variant_hash: string;
}

/** The columns that there are for a project, or for all. */
export async function askColumns(project: string | undefined, signal: AbortSignal): Promise<ColumnChoice[]> {
  const where = project === undefined ? {} : { project };
  const [{ parameters }, { metrics }] = await Promise.all([
    call<{ parameters: { section: string; name: string }[] }>('projects.get_hyper_parameters', where, {
      signal,
    }),
    call<{ metrics: MetricName[] }>('projects.get_unique_metric_variants', where, { signal }),
  ]);
  return [
    ...parameters.map(({ section, name }) => choice(['p', section, name], 'Parameters')),
    ...metrics.map((one) =>
      choice(['m', one.metric, one.variant, one.metric_hash, one.variant_hash], 'Metrics'),
    ),
  ];
}

function choice(parts: readonly string[], group: ColumnChoice['group']): ColumnChoice {
  const word = parts.join(PART);
  return { word, title: readColumn(word)?.title ?? word, group };
}
