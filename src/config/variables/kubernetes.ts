import type { Variable } from './variable.js';

/** The Kubernetes glue. */
export const KUBERNETES_VARIABLES = [
  {
    name: 'CLEARML_K8S_GLUE_KIND',
    type: 'text',
    otherwise: 'pod',
    help: 'What to create for a task: pod or job.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'CLEARML_K8S_GLUE_START_AGENT_SCRIPT_PATH',
    type: 'path',
    otherwise: '~/__start_agent__.sh',
    help: 'Start script inside the pod.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_DEF_EXEC_AGENT_ARGS',
    type: 'text',
    otherwise: '--full-monitoring --require-queue',
    help: 'Flags of execute inside the pod.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_POD_AGENT_INSTALL_ARGS',
    type: 'text',
    help: 'What to add to the installation of the agent.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_POD_MONITOR_LOG_BATCH_SIZE',
    type: 'integer',
    otherwise: '5',
    help: 'Lines to read from a pod at once.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_POD_MONITOR_DISABLE_ENQUEUE_ON_PREEMPTION',
    type: 'boolean',
    help: 'Do not put tasks of preempted pods back.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_POD_MONITOR_EVICTION_REASONS',
    type: 'words',
    otherwise: 'ImagePullBackOff InvalidImageName',
    help: 'Reasons to give up a waiting pod.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_POD_USE_IMAGE_ENTRYPOINT',
    type: 'boolean',
    help: 'Keep the entry point of the image.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_IGNORE_KUBECTL_ERROR',
    type: 'text',
    help: 'Regular expression for errors to ignore.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_DEFAULT_SCHEDULER_QUEUE_TAGS',
    type: 'words',
    otherwise: 'k8s-glue',
    help: 'Tags of queues that the glue makes.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'K8S_GLUE_COMPLETED_POD_DELETION_DELAY_MINUTES',
    type: 'number',
    otherwise: '0',
    help: 'Minutes that finished pods are kept.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
  {
    name: 'CLEARML_AGENT_SKIP_CONTAINER_APT',
    type: 'presence',
    help: 'Skip packages that apt-get would install in the pod.',
    ignored: '--kubernetes prepares pods from outside, docs/kubernetes.md says how',
  },
] as const satisfies readonly Variable[];
