/** What a kind of document can be searched by, and what can be asked for. `x.*` means every path below `x`. */
export interface SearchableFields {
  /** Regular expressions, searched anywhere. */
  patterns: readonly string[];
  /** One value or a list of them, with exclusions and operators. */
  lists: readonly string[];
  /** A comparison such as `>=2026-01-01`, or a list of them. */
  dates: readonly string[];
  /** `[min, max]`, null being open. */
  ranges: readonly string[];
  /** One value that must be equal. */
  values: readonly string[];
  /** Fields of `lists` that are columns, too, and let a scan skip most documents. */
  columns: readonly string[];
  /** Fields without others below them. */
  plain: readonly string[];
  /** Fields that paths may go into. */
  sections: readonly string[];
  /** Fields that an answer has only if they are asked for. */
  hidden: readonly string[];
  /** Fields that hold ids, and the kinds of documents that they point to. */
  references: Readonly<Record<string, Kind>>;
}

export type Kind = 'tasks' | 'projects' | 'queues' | 'models' | 'users' | 'companies';

export const SEARCHABLE: Readonly<Record<Kind, SearchableFields>> = {
  tasks: {
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
    ranges: ['created', 'started', 'active_duration', 'last_metrics.*', 'last_iteration'],
    values: ['runtime.*'],
    columns: ['status', 'project', 'parent'],
    plain: [
      'id',
      'name',
      'type',
      'status',
      'status_reason',
      'status_message',
      'status_changed',
      'comment',
      'report',
      'report_assets',
      'created',
      'started',
      'completed',
      'published',
      'active_duration',
      'tags',
      'system_tags',
      'last_worker',
      'last_worker_report',
      'last_update',
      'last_change',
      'last_changed_by',
      'last_iteration',
      'unique_metrics',
      'company_origin',
      'duration',
      'enqueue_status',
    ],
    sections: [
      'output',
      'execution',
      'script',
      'last_metrics',
      'metric_stats',
      'hyperparams',
      'configuration',
      'runtime',
      'models',
      'container',
      'application',
    ],
    hidden: ['unique_metrics', 'company_origin', 'enqueue_status'],
    references: {
      project: 'projects',
      user: 'users',
      parent: 'tasks',
      company: 'companies',
      'execution.queue': 'queues',
    },
  },
  projects: {
    patterns: ['name', 'basename', 'description'],
    lists: ['id', 'tags', 'system_tags', 'parent', 'path', 'user'],
    dates: [],
    ranges: ['created', 'last_update'],
    values: [],
    columns: [],
    plain: [
      'id',
      'name',
      'basename',
      'description',
      'created',
      'tags',
      'system_tags',
      'default_output_destination',
      'last_update',
      'featured',
      'logo_url',
      'logo_blob',
      'company_origin',
      'path',
    ],
    sections: ['stats'],
    hidden: ['path', 'logo_blob', 'company_origin'],
    references: { parent: 'projects', user: 'users', company: 'companies' },
  },
  queues: {
    patterns: ['name'],
    lists: ['id', 'tags', 'system_tags', 'metadata.*'],
    dates: [],
    ranges: [],
    values: [],
    columns: [],
    plain: ['id', 'name', 'display_name', 'created', 'tags', 'system_tags', 'last_update'],
    sections: ['entries', 'metadata', 'resources'],
    hidden: [],
    references: { company: 'companies' },
  },
  models: {
    patterns: ['name', 'comment'],
    lists: [
      'id',
      'user',
      'tags',
      'system_tags',
      'framework',
      'uri',
      'project',
      'task',
      'parent',
      'metadata.*',
    ],
    dates: ['last_update', 'last_change'],
    ranges: ['created', 'last_metrics.*', 'last_iteration'],
    values: ['ready'],
    columns: ['task', 'project'],
    plain: [
      'id',
      'name',
      'created',
      'comment',
      'tags',
      'system_tags',
      'uri',
      'framework',
      'ready',
      'last_update',
      'last_change',
      'last_changed_by',
      'company_origin',
      'last_iteration',
      'unique_metrics',
    ],
    sections: ['design', 'labels', 'ui_cache', 'metadata', 'last_metrics'],
    hidden: ['ui_cache', 'company_origin', 'unique_metrics'],
    references: {
      project: 'projects',
      user: 'users',
      task: 'tasks',
      parent: 'models',
      company: 'companies',
    },
  },
  users: {
    patterns: [],
    lists: ['id'],
    dates: [],
    ranges: [],
    values: [],
    columns: [],
    plain: ['id', 'name', 'family_name', 'given_name', 'avatar', 'created', 'created_in_version'],
    sections: ['preferences'],
    hidden: ['preferences'],
    references: { company: 'companies' },
  },
  companies: {
    patterns: [],
    lists: ['id'],
    dates: [],
    ranges: [],
    values: [],
    columns: [],
    plain: ['id', 'name'],
    sections: ['defaults'],
    hidden: [],
    references: {},
  },
};
