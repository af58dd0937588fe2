import type { TaskRecord } from '../../api/task-record.js';
import { AgentError } from '../../errors.js';
import { byteSize } from '../run-options/values.js';
import { readTimeLimit, TIME_FORMS, writeTimeLimit } from './time-limit.js';

interface ResourceValues {
  /** Processors; a part of one is possible. */
  cpus: number;
  /** Bytes. */
  memory: number;
  gpus: { count: number; type?: string };
  /** How long it may run, in milliseconds. */
  time: number;
}

/** What a task states that it needs. */
export type Resources = Partial<ResourceValues>;

/** Of what a machine divides between tasks. */
export type ResourceShare = Pick<Resources, 'cpus' | 'memory'>;

export type ResourceName = keyof ResourceValues;

/** One word: how a task writes it, and the option of each driver that has one for it. */
interface ResourceWord<T> {
  /** For messages. */
  means: string;
  /** The value of a user property; `undefined` for a text of another form. */
  read(text: string): T | undefined;
  /** The container argument of the same meaning; `undefined` for a value that sets no limit. */
  argument?: { name: string; read(text: string): T | undefined };
  /** Options of sbatch. */
  slurm(value: T): string;
  /** Options of `docker run`. GPUs come from the queue, and the agent itself ends a task whose time is over. */
  docker?(value: T): string;
}

type WordTable = { readonly [Name in ResourceName]: ResourceWord<ResourceValues[Name]> };

const KIB = 1024;
const MIB = 1024 * KIB;

const WORDS: WordTable = {
  cpus: {
    means: 'a number of processors, such as 4',
    read: readCpus,
    argument: { name: 'cpus', read: readCpus },
    slurm: (cpus) => `--cpus-per-task=${Math.ceil(cpus)}`,
    docker: (cpus) => `--cpus=${cpus}`,
  },
  memory: {
    means: 'an amount of memory, such as 16G; without a unit in megabytes',
    read: (text) => aboveZero(byteSize(/^\d+$/.test(text) ? `${text}M` : text)),
    argument: { name: 'memory', read: (text) => aboveZero(byteSize(text)) },
    slurm: (bytes) => `--mem=${memoryText(bytes)}`,
    docker: (bytes) => `--memory=${bytes}`,
  },
  gpus: {
    means: 'a number of GPUs with or without their type, such as 2 or a100:2',
    read: readGpus,
    slurm: ({ count, type }) => `--gpus=${type === undefined ? '' : `${type}:`}${count}`,
  },
  time: {
    means: TIME_FORMS,
    read: readTimeLimit,
    slurm: (ms) => `--time=${writeTimeLimit(ms)}`,
  },
};

export const RESOURCE_NAMES = Object.keys(WORDS) as readonly ResourceName[];

/** A word as a task states it. */
export interface Statement {
  name: ResourceName;
  text: string;
  /** For messages: `user property cpus`. */
  origin: string;
  by: 'property' | 'argument';
}

/** Where a task states what it needs. */
export type StatingTask = Pick<TaskRecord, 'hyperparams' | 'container'>;

/**
 * What a task states. An argument of its container beats the user property, as the engine applies the argument.
 *
 * @param argument the value of a container argument, by its long name
 */
export function statementsOf(
  { hyperparams }: StatingTask,
  argument: (name: string) => string | undefined,
): Statement[] {
  const properties = hyperparams?.properties ?? {};
  return RESOURCE_NAMES.flatMap((name): Statement[] => {
    const given = WORDS[name].argument;
    const inContainer = given && argument(given.name);
    // The engine refuses a wrong one in its own words; elsewhere the container is ignored.
    if (given !== undefined && inContainer !== undefined && given.read(inContainer) !== undefined)
      return [{ name, text: inContainer, origin: `container argument --${given.name}`, by: 'argument' }];
    const text = String(properties[name]?.value ?? '').trim();
    return text === '' ? [] : [{ name, text, origin: `user property ${name}`, by: 'property' }];
  });
}

/** @throws AgentError TASK_INVALID for a value that is not of the word's form */
export function readStatements(statements: readonly Statement[]): Resources {
  return Object.fromEntries(statements.map((statement) => [statement.name, stated(statement)]));
}

/** An amount in the form of a user property; `undefined` where it is none, with what it should look like. */
export function readResource(
  name: keyof ResourceShare,
  text: string,
): { value: number | undefined; means: string } {
  const { read, means } = WORDS[name];
  return { value: read(text), means };
}

/** The options of a driver for what it has options for. */
export function resourceOptions(driver: 'slurm' | 'docker', resources: Resources): string[] {
  return RESOURCE_NAMES.flatMap((name) => optionOf(driver, name, resources[name]) ?? []);
}

function stated({ name, text, origin, by }: Statement): Resources[ResourceName] {
  const { read, argument, means } = WORDS[name];
  const value = by === 'argument' ? argument?.read(text) : read(text);
  if (value === undefined)
    throw new AgentError('TASK_INVALID', `the ${origin} takes ${means}, got ${JSON.stringify(text)}`, {
      hint: `Change the ${origin} of the task, or remove it.`,
    });
  return value;
}

function optionOf<Name extends ResourceName>(
  driver: 'slurm' | 'docker',
  name: Name,
  value: ResourceValues[Name] | undefined,
): string | undefined {
  return value === undefined ? undefined : WORDS[name][driver]?.(value);
}

function readCpus(text: string): number | undefined {
  return /^\d{1,6}(?:\.\d{1,9})?$/.test(text) ? aboveZero(Number(text)) : undefined;
}

function readGpus(text: string): Resources['gpus'] {
  const found = /^(?:([A-Za-z][\w.-]{0,63}):)?(\d{1,4})$/.exec(text);
  if (found === null) return undefined;
  const [, type, count] = found;
  return { count: Number(count), ...(type === undefined ? {} : { type }) };
}

function aboveZero(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/** In the largest unit that holds it exactly; sbatch takes whole numbers from kilobytes on. */
export function memoryText(bytes: number): string {
  const units = ['T', 'G', 'M'].map((unit, at) => [unit, MIB * 1024 ** (2 - at)] as const);
  const [unit, size] = units.find(([, one]) => bytes % one === 0) ?? ['K', KIB];
  return `${Math.ceil(bytes / size)}${unit}`;
}
