import type { TaskRecord } from '../../api/task-record.js';
import { AgentError } from '../../errors.js';

/** What a task may ask for, by the words of its user properties: the option and how its value has to look. */
const TASK_WORDS: Readonly<Record<string, { option: string; value: RegExp; means: string }>> = {
  cpus: { option: '--cpus-per-task', value: /^[1-9]\d{0,5}$/, means: 'a number of processors, such as 4' },
  memory: {
    option: '--mem',
    value: /^[1-9]\d{0,8}(?:[KMGT]B?)?$/i,
    means: 'an amount of memory, such as 16G; without a unit in megabytes',
  },
  gpus: {
    option: '--gpus',
    value: /^(?:[A-Za-z][\w.-]{0,63}:)?\d{1,4}$/,
    means: 'a number of GPUs with or without their type, such as 2 or a100:2',
  },
  time: {
    option: '--time',
    value: /^(?:\d{1,6}|\d{1,4}:\d{2}|\d{1,4}:\d{2}:\d{2}|\d{1,3}-\d{1,2}(?::\d{2}){0,2})$/,
    means: 'minutes or days-hours:minutes:seconds, such as 90 or 1-12:00:00',
  },
  account: { option: '--account', value: /^\w[\w.-]{0,127}$/, means: 'the name of an account' },
  qos: { option: '--qos', value: /^\w[\w.-]{0,127}$/, means: 'the name of a QOS' },
  partition: { option: '--partition', value: /^\w[\w.-]{0,127}$/, means: 'the name of a partition' },
  constraint: {
    option: '--constraint',
    value: /^\w[\w.&|-]{0,127}$/,
    means: 'features of nodes, joined by & or |',
  },
};

/** Options of an operator that would take from the agent what it relies on, with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  array: 'the agent submits one job a task',
  chdir: 'the agent sets the working folder of the command',
  clusters: 'the agent watches one cluster',
  comment: 'the agent keeps its key there',
  error: 'the agent reads the output from a file of its own',
  export: 'the agent gives the command its variables',
  'export-file': 'the agent gives the command its variables',
  'get-user-env': 'the agent gives the command its variables',
  input: 'tasks have no input',
  'job-name': 'the agent finds the job by its name',
  'no-kill': 'a task whose node is lost has to end',
  'open-mode': 'the agent reads the output from a file of its own',
  output: 'the agent reads the output from a file of its own',
  parsable: 'the agent sets it',
  quiet: "the agent reads sbatch's answer",
  requeue: 'a second run of a job would repeat the task',
  'test-only': 'no job would be submitted',
  wait: 'the agent watches the job by itself',
  wrap: 'the agent submits a script of its own',
};

/**
 * Checks the options of an operator: `--name` or `--name=value` each.
 *
 * @param key of the configuration, for messages
 * @throws AgentError CONFIG_VALUE
 */
export function operatorOptions(words: readonly string[], key: string): readonly string[] {
  for (const word of words) {
    const name = /^--([a-z][a-z0-9-]*)(?:=[^\n]*)?$/.exec(word)?.[1];
    if (name === undefined)
      throw new AgentError(
        'CONFIG_VALUE',
        `${key} takes options of sbatch as --name=value or --name, got "${word}"`,
        { hint: 'Write short options by their long names, such as --partition=gpu for -p gpu.' },
      );
    const why = REFUSED[name];
    if (why !== undefined)
      throw new AgentError('CONFIG_VALUE', `${key} may not hold --${name}: ${why}`, {
        hint: 'Remove the option.',
      });
  }
  return words;
}

/** The words of `agent.slurm.task_options`. @throws AgentError CONFIG_VALUE */
export function allowedWords(words: readonly string[]): ReadonlySet<string> {
  const unknown = words.find((word) => !(word in TASK_WORDS));
  if (unknown === undefined) return new Set(words);
  const known = Object.keys(TASK_WORDS).join(', ');
  throw new AgentError('CONFIG_VALUE', `agent.slurm.task_options holds "${unknown}"; it takes ${known}`);
}

export interface TaskOptions {
  options: readonly string[];
  /** What the task asks for and may not. */
  notes: readonly string[];
}

/**
 * The options that a task asks for by its user properties. What is not allowed is left out with a note.
 *
 * @throws AgentError TASK_INVALID for a value that is not of the word's form
 */
export function taskOptions(
  hyperparams: TaskRecord['hyperparams'],
  allowed: ReadonlySet<string>,
): TaskOptions {
  const options: string[] = [];
  const notes: string[] = [];
  for (const [name, { value: given }] of Object.entries(hyperparams?.properties ?? {})) {
    const word = TASK_WORDS[name];
    const value = String(given ?? '').trim();
    if (word === undefined || value === '') continue;
    if (!allowed.has(name)) {
      notes.push(`the user property ${name} is ignored: agent.slurm.task_options does not list it`);
      continue;
    }
    if (!word.value.test(value))
      throw new AgentError('TASK_INVALID', `the user property ${name} takes ${word.means}, got "${value}"`);
    options.push(`${word.option}=${value}`);
  }
  return { options, notes };
}

const MEMORY = /^--mem(?:-per-(?:cpu|gpu))?=/;

export interface JobPlan {
  key: string;
  /** Of the operator, for all jobs. */
  common: readonly string[];
  /** Of the operator, for the queue. */
  ofQueue: readonly string[];
  /** Of the task. */
  ofTask: readonly string[];
  partition: string | undefined;
  /** `--mem` where no user names it: a job takes the whole memory of its node otherwise. */
  memory: string;
  words: string;
  script: string;
  folder: string;
}

/** The words after `sbatch`. A later option beats an earlier one: the task, the queue, the partition flag, all jobs. */
export function submitWords(plan: JobPlan): string[] {
  const asked = [
    ...plan.common,
    ...(plan.partition === undefined ? [] : [`--partition=${plan.partition}`]),
    ...plan.ofQueue,
    ...plan.ofTask,
  ];
  // Two ways to name the memory contradict each other; the last one stands.
  const memory = asked.findLast((word) => MEMORY.test(word)) ?? `--mem=${plan.memory}`;
  return [
    ...asked.filter((word) => !MEMORY.test(word)),
    memory,
    `--job-name=${plan.key}`,
    `--comment=${plan.key}`,
    '--no-requeue',
    '--export=ALL',
    `--chdir=${plan.folder}`,
    `--output=${plan.words}`,
    plan.script,
    plan.folder,
  ];
}

/** Of the operator's options, what decides who may run a job and where. */
const PLACING = /^--(?:account|constraint|licenses|nodelist|partition|qos|reservation)=/;

export function placingOptions(words: readonly string[]): string[] {
  return words.filter((word) => PLACING.test(word));
}
