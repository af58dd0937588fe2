/** What a kind of document can be searched by. `x.*` stands for every path below `x`. */
export interface SearchableFields {
  /** Regular expressions, searched anywhere. */
  patterns: readonly string[];
  /** One value or a list of them, with exclusions and operators. */
  lists: readonly string[];
  /** A comparison such as `>=2026-01-01`, or a list of them. */
  dates: readonly string[];
  /** `[min, max]`, null being open. */
  ranges: readonly string[];
  /** Fields of `lists` that are columns, too, and let a scan skip most documents. */
  columns: readonly string[];
}

export const TASK_FIELDS: SearchableFields = {
  patterns: ['name', 'comment', 'report'],
  lists: [
    'id',
    'user',
    'tags',
    'system_tags',
    'type',
    'status',
    'project',
    'parent',
    'hyperparams.*',
    'execution.queue',
    'models.input.model',
  ],
  dates: ['status_changed', 'last_update', 'last_change'],
  ranges: ['created', 'started', 'completed', 'active_duration', 'last_metrics.*', 'last_iteration'],
  columns: ['status', 'project', 'parent'],
};

export const PROJECT_FIELDS: SearchableFields = {
  patterns: ['name', 'basename', 'description'],
  lists: ['id', 'tags', 'system_tags', 'user'],
  dates: ['last_update'],
  ranges: ['created'],
  columns: [],
};

export const QUEUE_FIELDS: SearchableFields = {
  patterns: ['name'],
  lists: ['id', 'tags', 'system_tags'],
  dates: ['last_update'],
  ranges: ['created'],
  columns: [],
};

export const MODEL_FIELDS: SearchableFields = {
  patterns: ['name', 'comment'],
  lists: ['id', 'user', 'tags', 'system_tags', 'framework', 'uri', 'project', 'task', 'parent'],
  dates: ['last_update', 'last_change'],
  ranges: ['created'],
  columns: ['task', 'project'],
};

export const USER_FIELDS: SearchableFields = {
  patterns: ['name'],
  lists: ['id', 'role'],
  dates: [],
  ranges: ['created'],
  columns: [],
};
