/** The part of a task document that the agent reads (all fields as the server names them). */
export interface TaskRecord {
  id: string;
  name?: string;
  status?: TaskStatus;
  status_message?: string | null;
  status_reason?: string | null;
  /** When the status, its reason or its message was last written. */
  status_changed?: string | null;
  type?: string;
  user?: string;
  company?: string;
  project?: string | null;
  tags?: string[];
  system_tags?: string[];
  last_worker?: string | null;
  /** When a worker last reported to run it. */
  last_worker_report?: string | null;
  started?: string | null;
  last_iteration?: number;
  runtime?: Record<string, unknown>;
  container?: TaskContainer | null;
  script?: TaskScript | null;
  execution?: { queue?: string | null; docker_cmd?: string | null; artifacts?: TaskArtifact[] | null };
  /** The task that it was cloned from, or that the cloned one had. */
  parent?: string | null;
  hyperparams?: Record<string, Record<string, HyperParameter>>;
}

export type TaskStatus =
  | 'created'
  | 'queued'
  | 'in_progress'
  | 'stopped'
  | 'publishing'
  | 'published'
  | 'closed'
  | 'failed'
  | 'completed'
  | 'unknown';

export interface TaskContainer {
  image?: string | null;
  /** One shell string. */
  arguments?: string | null;
  setup_shell_script?: string | null;
}

/** A file of a task, kept where its `uri` says. */
export interface TaskArtifact {
  key?: string | null;
  uri?: string | null;
}

export interface TaskScript {
  binary?: string | null;
  repository?: string | null;
  branch?: string | null;
  tag?: string | null;
  version_num?: string | null;
  entry_point?: string | null;
  working_dir?: string | null;
  diff?: string | null;
  requirements?: TaskRequirements | null;
}

/** Keys `pip`, `conda` and the originals kept by an earlier run; each a text or a list of lines. */
export type TaskRequirements = Record<string, string | string[] | null | undefined>;

export interface HyperParameter {
  section: string;
  name: string;
  value: string;
}
