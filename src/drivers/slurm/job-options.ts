import {
  type ResourceName,
  resourceOptions,
  type StatingTask,
} from '../../container/resources/resource-words.js';
import { statedResources, taskStatements } from '../../container/resources/stated-resources.js';
import { AgentError } from '../../errors.js';

/** What a task may ask of Slurm alone, by its user properties; the words for resources are the same everywhere. */
const SLURM_WORDS = {
  account: { value: /^\w[\w.-]{0,127}$/, means: 'the name of an account' },
  qos: { value: /^\w[\w.-]{0,127}$/, means: 'the name of a QOS' },
  partition: { value: /^\w[\w.-]{0,127}$/, means: 'the name of a partition' },
  constraint: { value: /^\w[\w.&|-]{0,127}$/, means: 'features of nodes, joined by & or |' },
} as const satisfies Record<string, { value: RegExp; means: string }>;

type SlurmWord = keyof typeof SLURM_WORDS;

const SLURM_NAMES = Object.keys(SLURM_WORDS) as readonly SlurmWord[];

/** What `agent.slurm.task_options` lets a task ask for. */
export type AllowedWords = ReadonlySet<ResourceName | SlurmWord>;

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
  help: 'sbatch would submit no job',
  input: 'tasks have no input',
  'job-name': 'the agent finds the job by its name',
  'no-kill': 'a task whose node is lost has to end',
  'open-mode': 'the agent reads the output from a file of its own',
  output: 'the agent reads the output from a file of its own',
  parsable: 'the agent sets it',
  quiet: "the agent reads sbatch's answer",
  requeue: 'a second run of a job would repeat the task',
  'test-only': 'sbatch would submit no job',
  usage: 'sbatch would submit no job',
  version: 'sbatch would submit no job',
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
    // sbatch takes the beginning of a name for the whole of it, and no other option of it begins like these.
    const refused = Object.entries(REFUSED).find(([full]) => full.startsWith(name));
    if (refused !== undefined)
      throw new AgentError('CONFIG_VALUE', `${key} may not hold --${refused[0]}: ${refused[1]}`, {
        hint: 'Remove the option.',
      });
  }
  return words;
}

export interface TaskOptions {
  options: readonly string[];
  /** What the task asks for and may not. */
  notes: readonly string[];
}

/**
 * The options that a task asks for by its user properties and its container's arguments. What is not allowed is left out
 * with a note.
 *
 * @throws AgentError TASK_INVALID for a value that is not of the word's form
 */
export function taskOptions(task: StatingTask, allowed: AllowedWords): TaskOptions {
  const stated = [...taskStatements(task), ...slurmStatements(task)];
  const refused = stated.filter(({ name }) => !allowed.has(name));
  return {
    options: [
      ...resourceOptions('slurm', statedResources(task, allowed)),
      ...slurmStatements(task)
        .filter(({ name }) => allowed.has(name))
        .map(slurmOption),
    ],
    notes: refused.map(
      ({ origin, name }) => `the ${origin} is ignored: agent.slurm.task_options does not list ${name}`,
    ),
  };
}

interface SlurmStatement {
  name: SlurmWord;
  text: string;
  origin: string;
}

function slurmStatements({ hyperparams }: StatingTask): SlurmStatement[] {
  return SLURM_NAMES.flatMap((name) => {
    const text = String(hyperparams?.properties?.[name]?.value ?? '').trim();
    return text === '' ? [] : [{ name, text, origin: `user property ${name}` }];
  });
}

function slurmOption({ name, text, origin }: SlurmStatement): string {
  const word = SLURM_WORDS[name];
  if (!word.value.test(text))
    throw new AgentError('TASK_INVALID', `the ${origin} takes ${word.means}, got ${JSON.stringify(text)}`);
  return `--${name}=${text}`;
}

const MEMORY = /^--mem(?:-per-(?:cpu|gpu))?=/;

export interface AskedPlan {
  /** Of the operator, for all jobs. */
  common: readonly string[];
  /** Of the operator, for the queue. */
  ofQueue: readonly string[];
  /** Of the task. */
  ofTask: readonly string[];
  partition: string | undefined;
  /** `--mem` where no user names it: a job takes the whole memory of its node otherwise. */
  memory: string;
}

export interface JobPlan extends AskedPlan {
  key: string;
  words: string;
  script: string;
  folder: string;
}

/** What a job asks for. A later option beats an earlier one: the task, the queue, the partition flag, all jobs. */
export function askedWords(plan: AskedPlan): string[] {
  const asked = [
    ...plan.common,
    ...(plan.partition === undefined ? [] : [`--partition=${plan.partition}`]),
    ...plan.ofQueue,
    ...plan.ofTask,
  ];
  // Two ways to name the memory contradict each other; the last one stands.
  const memory = asked.findLast((word) => MEMORY.test(word)) ?? `--mem=${plan.memory}`;
  return [...asked.filter((word) => !MEMORY.test(word)), memory];
}

/** The words after `sbatch`. */
export function submitWords(plan: JobPlan): string[] {
  return [
    ...askedWords(plan),
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
