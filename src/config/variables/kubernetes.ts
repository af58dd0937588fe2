import type { Variable } from './variable.js';

const NO_AGENT_INSIDE = 'pods hold no agent, the daemon prepares them from outside';
const NO_KUBECTL = 'the agent calls the API server itself, without kubectl';
const NOT_OF_PODS = 'the agent only makes pods, and keeps each until its task has ended';
const TEMPLATES = 'agent.kubernetes.pod_template and agent.kubernetes.queues have the templates';
const ACCOUNT = 'the agent uses the service account of its pod, or KUBECONFIG';

/** Those of the Kubernetes glue and of its images. */
export const KUBERNETES_VARIABLES = [
  {
    name: 'K8S_GLUE_QUEUE',
    type: 'names',
    otherwise: 'k8s_glue',
    help: 'In the image, --kubernetes: queues of the daemon, with commas between them.',
    consumedBy: 'cli',
  },
  {
    name: 'K8S_GLUE_MAX_PODS',
    type: 'integer',
    help: 'In the image, --kubernetes: as --max-pods; 0 is no limit.',
    consumedBy: 'cli',
  },
  {
    name: 'K8S_GLUE_EXTRA_ARGS',
    type: 'words',
    help: 'In the image, --kubernetes: flags of the glue and of `agent daemon`, after all others.',
    consumedBy: 'cli',
  },
  {
    name: 'K8S_DEFAULT_NAMESPACE',
    type: 'text',
    help: 'In the image, with a variable of the glue: as --namespace.',
    consumedBy: 'cli',
  },
  {
    name: 'CLEARML_K8S_GLUE_KIND',
    type: 'text',
    otherwise: 'pod',
    help: 'What to create for a task: pod or job.',
    ignored: NOT_OF_PODS,
  },
  {
    name: 'CLEARML_K8S_GLUE_START_AGENT_SCRIPT_PATH',
    type: 'path',
    otherwise: '~/__start_agent__.sh',
    help: 'Start script inside the pod.',
    ignored: NO_AGENT_INSIDE,
  },
  {
    name: 'K8S_GLUE_DEF_EXEC_AGENT_ARGS',
    type: 'text',
    otherwise: '--full-monitoring --require-queue',
    help: 'Flags of execute inside the pod.',
    ignored: NO_AGENT_INSIDE,
  },
  {
    name: 'K8S_GLUE_POD_AGENT_INSTALL_ARGS',
    type: 'text',
    help: 'What to add to the installation of the agent.',
    ignored: NO_AGENT_INSIDE,
  },
  {
    name: 'K8S_GLUE_POD_MONITOR_LOG_BATCH_SIZE',
    type: 'integer',
    otherwise: '5',
    help: 'Lines to read from a pod at once.',
    ignored: 'output comes as it is written',
  },
  {
    name: 'K8S_GLUE_POD_MONITOR_DISABLE_ENQUEUE_ON_PREEMPTION',
    type: 'boolean',
    help: 'Do not put tasks of preempted pods back.',
    ignored: 'agent.retry says which failures are retried',
  },
  {
    name: 'K8S_GLUE_POD_MONITOR_EVICTION_REASONS',
    type: 'words',
    otherwise: 'ImagePullBackOff InvalidImageName',
    help: 'Reasons to give up a waiting pod.',
    ignored: 'agent.kubernetes.image_pull_sec and agent.kubernetes.unschedulable_sec limit the wait',
  },
  {
    name: 'K8S_GLUE_POD_USE_IMAGE_ENTRYPOINT',
    type: 'boolean',
    help: 'Keep the entry point of the image.',
    ignored: 'the first process of a pod is a script that waits for the agent',
  },
  {
    name: 'K8S_GLUE_IGNORE_KUBECTL_ERROR',
    type: 'text',
    help: 'Regular expression for errors to ignore.',
    ignored: NO_KUBECTL,
  },
  {
    name: 'K8S_GLUE_DEFAULT_SCHEDULER_QUEUE_TAGS',
    type: 'words',
    otherwise: 'k8s-glue',
    help: 'Tags of queues that the glue makes.',
    ignored: 'tasks whose pods wait stay with the agent, in no further queue',
  },
  {
    name: 'K8S_GLUE_COMPLETED_POD_DELETION_DELAY_MINUTES',
    type: 'number',
    otherwise: '0',
    help: 'Minutes that finished pods are kept.',
    ignored: 'the log of a task is complete before its pod is deleted',
  },
  {
    name: 'CLEARML_K8S_GLUE_TEMPLATE_MODULE',
    type: 'text',
    help: 'Python function that gives the template of a pod.',
    ignored: TEMPLATES,
  },
  {
    name: 'CLEARML_K8S_GLUE_COND_CUST_TEMPLATE',
    type: 'text',
    help: 'Conditions and templates.',
    ignored: TEMPLATES,
  },
  {
    name: 'CLEARML_K8S_GLUE_MONITOR_ALL_NAMESPACES',
    type: 'boolean',
    help: 'Watch pods in all namespaces.',
    ignored: 'the agent watches the namespaces of its templates',
  },
  {
    name: 'CLEARML_K8S_GLUE_POD_PRE_APPLY_CMD',
    type: 'text',
    help: 'Command before a pod is made.',
    ignored: 'agent.hooks has programs for the steps of a task',
  },
  {
    name: 'CLEARML_K8S_GLUE_POD_POST_DELETE_CMD',
    type: 'text',
    help: 'Command after a pod is deleted.',
    ignored: 'agent.hooks has programs for the steps of a task',
  },
  {
    name: 'CLEARML_SERVICE_ACC',
    type: 'text',
    help: 'Google service account of the image for GKE.',
    ignored: ACCOUNT,
  },
  {
    name: 'CLEARML_AGENT_SKIP_CONTAINER_APT',
    type: 'presence',
    help: 'Skip packages that apt-get would install in the pod.',
    ignored: NO_AGENT_INSIDE,
  },
] as const satisfies readonly Variable[];
