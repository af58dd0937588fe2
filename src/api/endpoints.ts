/** How an endpoint is called when the caller does not say otherwise. */
export interface EndpointRule {
  /** Version in the path; none means the newest that the server has. */
  version?: string;
  /** Always POST, whatever the default method is. */
  post?: true;
}

/**
 * The original's versions, with one difference: tasks are read as of 2.14, because older answers show a
 * task's container in its legacy form and need a second call for it.
 */
const ENDPOINTS: Readonly<Record<string, EndpointRule>> = {
  'queues.create': { version: '2.5' },
  'queues.get_all': { version: '2.5' },
  'queues.get_by_id': { version: '2.5' },
  'queues.get_default': { version: '2.5' },
  'queues.get_next_task': { version: '2.14' },
  'queues.move_task_to_front': { version: '2.14' },
  'queues.add_task': { version: '2.14' },
  'queues.remove_task': { version: '2.5' },
  'tasks.clone': { version: '2.5' },
  'tasks.completed': { version: '2.5' },
  'tasks.create': { version: '2.13' },
  'tasks.edit': { version: '2.13' },
  'tasks.failed': { version: '2.5' },
  'tasks.get_all': { version: '2.14' },
  'tasks.get_by_id': { version: '2.14' },
  'tasks.ping': { version: '2.5' },
  'tasks.set_requirements': { version: '2.5' },
  'tasks.started': { version: '2.5' },
  'tasks.stop': { version: '2.5' },
  'tasks.stopped': { version: '2.5' },
  'projects.get_all': { version: '2.13' },
  'events.add_batch': { post: true },
  'workers.set_runtime_properties': { post: true },
  'workers.cluster_report': { post: true },
  'workers.cluster_unregister': { post: true },
};

/** The rule of an endpoint; one that is not in the table goes without a version and by the default method. */
export function endpointRule(endpoint: string): EndpointRule {
  return ENDPOINTS[endpoint] ?? {};
}
