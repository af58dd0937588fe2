import type { Endpoint, EndpointTable } from './endpoint.js';
import { appFrameEndpoints } from './services/app-frames.js';
import { appInstanceEndpoints } from './services/app-instances.js';
import { appEndpoints } from './services/apps.js';
import { authEndpoints } from './services/auth.js';
import { credentialEndpoints } from './services/credentials.js';
import { eventBrowsingEndpoints } from './services/event-browsing.js';
import { eventReadingEndpoints } from './services/event-reading.js';
import { eventWritingEndpoints } from './services/event-writing.js';
import { liveEndpoints } from './services/live.js';
import { modelGroupEndpoints } from './services/model-groups.js';
import { modelEndpoints } from './services/models.js';
import { organizationEndpoints } from './services/organization.js';
import { organizationDownloadEndpoints } from './services/organization-download.js';
import { pipelineEndpoints } from './services/pipelines.js';
import { projectQueryEndpoints } from './services/project-queries.js';
import { projectRemovalEndpoints } from './services/project-removal.js';
import { projectUsageEndpoints } from './services/project-usages.js';
import { projectValueEndpoints } from './services/project-values.js';
import { projectEndpoints } from './services/projects.js';
import { queueTaskEndpoints } from './services/queue-tasks.js';
import { queueEndpoints } from './services/queues.js';
import { reportDataEndpoints } from './services/report-data.js';
import { reportEndpoints } from './services/reports.js';
import { scalarReadingEndpoints } from './services/scalar-reading.js';
import { infoEndpoints } from './services/server-info.js';
import { storageEndpoints } from './services/storage.js';
import { taskCloningEndpoints } from './services/task-cloning.js';
import { taskEditingEndpoints } from './services/task-editing.js';
import { taskGroupEndpoints } from './services/task-groups.js';
import { taskLogEndpoints } from './services/task-log.js';
import { taskParameterEndpoints } from './services/task-parameters.js';
import { taskQueueingEndpoints } from './services/task-queueing.js';
import { taskReadingEndpoints } from './services/task-reading.js';
import { taskRemovalEndpoints } from './services/task-removal.js';
import { taskResultEndpoints } from './services/task-results.js';
import { taskStatusEndpoints } from './services/task-status.js';
import { userAdministrationEndpoints } from './services/user-administration.js';
import { userEndpoints } from './services/users.js';
import { vaultEndpoints } from './services/vaults.js';
import { workerStatsEndpoints } from './services/worker-stats.js';
import { workerEndpoints } from './services/workers.js';
import type { Version } from './versions.js';

const ALL: EndpointTable = {
  ...appEndpoints,
  ...appFrameEndpoints,
  ...appInstanceEndpoints,
  ...authEndpoints,
  ...credentialEndpoints,
  ...userAdministrationEndpoints,
  ...infoEndpoints,
  ...storageEndpoints,
  ...userEndpoints,
  ...vaultEndpoints,
  ...projectEndpoints,
  ...projectQueryEndpoints,
  ...projectRemovalEndpoints,
  ...projectUsageEndpoints,
  ...projectValueEndpoints,
  ...organizationDownloadEndpoints,
  ...organizationEndpoints,
  ...pipelineEndpoints,
  ...reportDataEndpoints,
  ...reportEndpoints,
  ...queueEndpoints,
  ...queueTaskEndpoints,
  ...taskCloningEndpoints,
  ...taskEditingEndpoints,
  ...taskGroupEndpoints,
  ...taskLogEndpoints,
  ...taskParameterEndpoints,
  ...taskQueueingEndpoints,
  ...taskReadingEndpoints,
  ...taskRemovalEndpoints,
  ...taskResultEndpoints,
  ...taskStatusEndpoints,
  ...workerEndpoints,
  ...workerStatsEndpoints,
  ...eventWritingEndpoints,
  ...eventReadingEndpoints,
  ...eventBrowsingEndpoints,
  ...liveEndpoints,
  ...scalarReadingEndpoints,
  ...modelEndpoints,
  ...modelGroupEndpoints,
};

/** The first API version of calls that are not as old as the API, where the call itself does not say. */
const SINCE: readonly (readonly [Version, readonly string[]])[] = [
  [
    [2, 2],
    ['auth.logout', 'tasks.completed'],
  ],
  [
    [2, 4],
    [
      ...ofService(
        'queues',
        'add_task create delete get_all get_all_ex get_by_id get_default get_queue_metrics',
      ),
      ...ofService('queues', 'move_task_backward move_task_forward move_task_to_back move_task_to_front'),
      ...ofService('queues', 'remove_task update'),
      ...ofService('workers', 'get_activity_report get_all get_metric_keys get_stats register'),
      ...ofService('workers', 'status_report unregister'),
    ],
  ],
  [
    [2, 9],
    ['models', 'projects', 'tasks'].flatMap((service) => ofService(service, 'make_private make_public')),
  ],
  [[2, 10], ofService('tasks', 'add_or_update_artifacts delete_artifacts')],
  [
    [2, 13],
    [
      'login.logout',
      ...['models', 'queues'].flatMap((service) =>
        ofService(service, 'add_or_update_metadata delete_metadata'),
      ),
      ...ofService('tasks', 'add_or_update_model delete_models'),
    ],
  ],
  [[2, 15], ofService('queues', 'get_num_entries peek_task')],
];

function ofService(service: string, actions: string): string[] {
  return actions.split(' ').map((action) => `${service}.${action}`);
}

/** Everything that the server answers, by `service.action`. */
export const ENDPOINTS: EndpointTable = {
  ...ALL,
  ...Object.fromEntries(SINCE.flatMap(([since, names]) => names.flatMap((name) => versioned(name, since)))),
};

function versioned(name: string, since: Version): [string, Endpoint][] {
  const known = ALL[name];
  return known === undefined ? [] : [[name, { ...known, since }]];
}
