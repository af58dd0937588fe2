import type { EndpointTable } from './endpoint.js';
import { authEndpoints } from './services/auth.js';
import { eventBrowsingEndpoints } from './services/event-browsing.js';
import { eventReadingEndpoints } from './services/event-reading.js';
import { eventWritingEndpoints } from './services/event-writing.js';
import { modelGroupEndpoints } from './services/model-groups.js';
import { modelEndpoints } from './services/models.js';
import { projectQueryEndpoints } from './services/project-queries.js';
import { projectRemovalEndpoints } from './services/project-removal.js';
import { projectValueEndpoints } from './services/project-values.js';
import { projectEndpoints } from './services/projects.js';
import { queueTaskEndpoints } from './services/queue-tasks.js';
import { queueEndpoints } from './services/queues.js';
import { organizationDownloadEndpoints } from './services/organization-download.js';
import { organizationEndpoints } from './services/organization.js';
import { pipelineEndpoints } from './services/pipelines.js';
import { reportDataEndpoints } from './services/report-data.js';
import { reportEndpoints } from './services/reports.js';
import { storageEndpoints } from './services/storage.js';
import { userEndpoints } from './services/users.js';
import { scalarReadingEndpoints } from './services/scalar-reading.js';
import { infoEndpoints } from './services/server-info.js';
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
import { workerStatsEndpoints } from './services/worker-stats.js';
import { workerEndpoints } from './services/workers.js';

/** Everything that the server answers, by `service.action`. */
export const ENDPOINTS: EndpointTable = {
  ...authEndpoints,
  ...infoEndpoints,
  ...storageEndpoints,
  ...userEndpoints,
  ...projectEndpoints,
  ...projectQueryEndpoints,
  ...projectRemovalEndpoints,
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
  ...scalarReadingEndpoints,
  ...modelEndpoints,
  ...modelGroupEndpoints,
};
