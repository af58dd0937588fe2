/** A task as `tasks.get_all_ex` and `get_by_id_ex` give it; only what was asked for is there. */
export interface Task {
  id: string;
  name: string;
  type: string;
  status: string;
  status_reason?: string;
  status_message?: string;
  status_changed?: string;
  comment?: string;
  created?: string;
  started?: string;
  completed?: string;
  published?: string;
  last_update?: string;
  last_iteration?: number;
  last_worker?: string;
  active_duration?: number;
  project?: Named;
  user?: Named;
  parent?: Named | string;
  tags?: string[];
  system_tags?: string[];
  hyperparams?: Sections;
  configuration?: Record<string, Configuration>;
  last_metrics?: Record<string, Record<string, LastMetric>>;
  script?: Script;
  container?: { image?: string; arguments?: string; setup_shell_script?: string };
  execution?: { queue?: Named | string; artifacts?: Artifact[] };
  models?: { input?: TaskModel[]; output?: TaskModel[] };
  runtime?: Record<string, unknown>;
  output?: { destination?: string; error?: string };
}

export interface Named {
  id: string;
  name?: string;
}

interface Parameter {
  section: string;
  name: string;
  value: string;
  type?: string;
  description?: string;
}

export type Sections = Record<string, Record<string, Parameter>>;

export interface Configuration {
  name: string;
  value: string;
  type?: string;
  description?: string;
}

interface LastMetric {
  metric: string;
  variant: string;
  value: number;
  min_value: number;
  max_value: number;
}

interface Script {
  binary?: string;
  repository?: string;
  branch?: string;
  tag?: string;
  version_num?: string;
  entry_point?: string;
  working_dir?: string;
  diff?: string;
  requirements?: Record<string, string | string[]>;
}

export interface Artifact {
  key: string;
  type: string;
  mode?: string;
  uri?: string;
  hash?: string;
  content_size?: number;
  timestamp?: number;
  type_data?: { preview?: string; content_type?: string };
}

interface TaskModel {
  name: string;
  model: string | Named;
}

export function isArchived({ system_tags: tags = [] }: Pick<Task, 'system_tags'>): boolean {
  return tags.includes('archived');
}
