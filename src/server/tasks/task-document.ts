import { ApiError } from '../api-error.js';
import type { ServerContext } from '../context.js';
import { asObjects, type JsonObject, shownText } from '../json.js';
import type { Stored } from '../storage/documents.js';
import type { TaskStatus } from './status-machine.js';

/** A task as it is stored. */
export interface TaskDocument extends Stored {
  name: string;
  type: string;
  user: string;
  company: string;
  status: TaskStatus;
  status_reason?: string;
  status_message?: string;
  status_changed?: string;
  created: string;
  started?: string;
  completed?: string;
  published?: string;
  last_update?: string;
  last_change?: string;
  last_changed_by?: string;
  last_worker?: string;
  last_worker_report?: string;
  last_iteration: number;
  active_duration?: number;
  project?: string;
  parent?: string;
  comment?: string;
  tags: string[];
  system_tags: string[];
  script: JsonObject;
  execution: JsonObject;
  output: JsonObject;
  models: JsonObject;
  hyperparams: JsonObject;
  configuration: JsonObject;
  runtime: JsonObject;
  container: JsonObject;
  last_metrics: JsonObject;
  report_assets?: string[];
  /** Of an instance of an application; agents read `resumable`. */
  application?: { id: string; name: string; version: string; resumable: boolean };
  /** `metric/variant` of every scalar. */
  unique_metrics?: string[];
  /** By digest of the metric, when events of which type came last. */
  metric_stats?: JsonObject;
  /** Status before the task was enqueued. */
  enqueue_status?: TaskStatus;
}

export const TASK_TYPES = [
  'training',
  'testing',
  'inference',
  'data_processing',
  'application',
  'monitor',
  'controller',
  'report',
  'optimizer',
  'service',
  'qc',
  'custom',
] as const;

/** Before the id of a model or task that was deleted, where another document still names it. */
export const DELETED_MARK = '__DELETED__';

/** The containers that clients expect even of an empty task. */
export function emptySections(): Pick<
  TaskDocument,
  'script' | 'execution' | 'output' | 'models' | 'hyperparams' | 'configuration' | 'runtime' | 'container'
> {
  return {
    script: { binary: 'python', repository: '', entry_point: '', requirements: {} },
    execution: emptyExecution(),
    output: {},
    models: { input: [], output: [] },
    hyperparams: {},
    configuration: {},
    runtime: {},
    container: {},
  };
}

export function emptyExecution(): JsonObject {
  return { parameters: {}, model_desc: {}, model_labels: {}, artifacts: [], test_split: 0 };
}

/** @throws ApiError 400/101 */
export function taskOf(server: ServerContext, id: string): TaskDocument {
  const task = server.tasks.find(id);
  if (task === undefined) throw new ApiError('invalid_task_id', { id });
  return task;
}

/** Nothing more is reported to a published task. */
export function isLocked({ status }: TaskDocument): boolean {
  return status === 'published' || status === 'publishing';
}

/** The whole task as clients see it, also one that an earlier version stored. Artifacts come in the order of their keys. */
export function shownTask(task: TaskDocument): JsonObject {
  const artifacts = asObjects(task.execution.artifacts).sort((a, b) =>
    shownText(a.key) < shownText(b.key) ? -1 : 1,
  );
  return {
    report_assets: [],
    unique_metrics: [],
    metric_stats: {},
    ...task,
    execution: { ...task.execution, artifacts },
  };
}
