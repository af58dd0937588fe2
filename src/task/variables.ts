import { GIT_LOGIN } from '../os/child-environment.js';
import { quoteWord } from '../os/shell-words.js';
/** Values that the task's environment is made of. */
export interface TaskVariables {
  taskId: string;
  workerId: string;
  workerTags: readonly string[];
  /** Configuration file that the ClearML SDK in the task reads. */
  configFile: string;
  logLevel: string;
  pythonPath: readonly string[];
  /** Folders put before `PATH`. */
  binFolders: readonly string[];
  /** Section `Environment` of the task, and the configuration's own `environment {}`. */
  extra: Environment;
}

/** Variables that the agent's own set-up uses and that no task should see. */
const AGENT_ONLY = [
  'CLEARML_APT_INSTALL',
  'TRAINS_APT_INSTALL',
  'UV_CACHE_DIR',
  'UV_PYTHON_CACHE_DIR',
  'UV_PYTHON_INSTALL_DIR',
  ...GIT_LOGIN,
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment of a task's command: the agent's own, the variables that make the SDK run as part of this
 * task, and the task's. Every `CLEARML_` variable that the agent sets has its older `TRAINS_` twin.
 */
export function taskEnvironment(
  base: Environment,
  values: TaskVariables,
): Record<string, string | undefined> {
  const ours = withTwins({
    CLEARML_TASK_ID: values.taskId,
    CLEARML_CONFIG_FILE: values.configFile,
    CLEARML_LOG_LEVEL: values.logLevel,
    // The agent sends the console; the SDK must not send it again.
    CLEARML_LOG_TASK_TO_BACKEND: '0',
    CLEARML_WORKER_ID: values.workerId,
    ...(values.workerTags.length > 0
      ? { CLEARML_WORKER_TAGS: values.workerTags.map(quoteWord).join(' ') }
      : {}),
  });
  const environment: Record<string, string | undefined> = { ...base, ...ours, ...values.extra };
  for (const name of AGENT_ONLY) if (name in environment) environment[name] = undefined;
  environment.PATH = joinPath(values.binFolders, base.PATH);
  const pythonPath = joinPath(
    [...(base.PYTHONPATH ? [base.PYTHONPATH] : []), ...values.pythonPath],
    undefined,
  );
  if (pythonPath) environment.PYTHONPATH = pythonPath;
  environment.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID';
  // The log is UTF-8. Python before 3.7 takes ASCII where no locale is set or the one that is set is not installed.
  if (environment.PYTHONUTF8 === undefined) environment.PYTHONIOENCODING ??= 'utf-8';
  return environment;
}

function withTwins(variables: Record<string, string>): Record<string, string> {
  const twins = Object.entries(variables).map(([name, value]) => [
    name.replace(/^CLEARML_/, 'TRAINS_'),
    value,
  ]);
  return { ...variables, ...Object.fromEntries(twins) };
}

function joinPath(first: readonly string[], rest: string | undefined): string {
  return [...first, ...(rest ? [rest] : [])].join(':');
}
