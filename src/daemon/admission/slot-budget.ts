import os from 'node:os';
import type { Config } from '../../config/config.js';
import {
  memoryText,
  type ResourceShare,
  type Resources,
  readResource,
} from '../../container/resources/resource-words.js';
import { AgentError } from '../../errors.js';

/** What the tasks in CPU slots have together. What it does not name is not counted. */
export interface SlotBudget {
  slots: number;
  total: ResourceShare;
}

/** In place of an amount: what the machine has. */
const MACHINE = 'machine';

/**
 * The budget of `agent.slots_cpus` and `agent.slots_memory`.
 *
 * @throws AgentError CONFIG_VALUE
 */
export function slotBudget({ agent }: Config, slots: number, machine = machineShare()): SlotBudget {
  const cpus = amount('cpus', 'agent.slots_cpus', agent.slotsCpus, machine);
  const memory = amount('memory', 'agent.slots_memory', agent.slotsMemory, machine);
  return { slots, total: { ...(cpus ? { cpus } : {}), ...(memory ? { memory } : {}) } };
}

/** Lines for the daemon's log about amounts that this machine does not have. */
export function beyondMachine({ total }: SlotBudget, machine = machineShare()): string[] {
  return (['cpus', 'memory'] as const).flatMap((name) => {
    const named = total[name] ?? 0;
    if (named <= machine[name]) return [];
    const [more, there] = [named, machine[name]].map((value) => `${amountText(name, value)} ${UNITS[name]}`);
    return [`agent.slots_${name} names ${more}, and this machine has ${there}`];
  });
}

/** Whether tasks take anything beside a slot. */
export function isCounted({ total }: SlotBudget): boolean {
  return Object.keys(total).length > 0;
}

function amount(
  name: 'cpus' | 'memory',
  key: string,
  text: string | undefined,
  machine: Required<ResourceShare>,
): number | undefined {
  if (text === undefined) return undefined;
  if (text.toLowerCase() === MACHINE) return machine[name];
  const { value, means } = readResource(name, text);
  if (value !== undefined) return value;
  throw new AgentError('CONFIG_VALUE', `${key} takes "${MACHINE}" or ${means}, got "${text}"`);
}

/** What this process may use of the machine. */
function machineShare(): Required<ResourceShare> {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  return { cpus: os.availableParallelism(), memory };
}

/** Thousandths: a container engine takes no part of a processor that has endless decimals. */
const CPU_PARTS = 1000;

/** What a task takes: what it states, else its slot's part of the whole. */
export function shareOf({ cpus, memory }: Resources, { slots, total }: SlotBudget): ResourceShare {
  const part = {
    ...(total.cpus ? { cpus: Math.floor((CPU_PARTS * total.cpus) / slots) / CPU_PARTS } : {}),
    ...(total.memory ? { memory: Math.floor(total.memory / slots) } : {}),
  };
  return {
    ...part,
    ...(total.cpus && cpus ? { cpus } : {}),
    ...(total.memory && memory ? { memory } : {}),
  };
}

const ROUNDING = 1e-6;

/**
 * What of a share is more than is left.
 *
 * @returns `undefined` where it fits, else for a line: `16G of memory (8G left)`
 */
export function lacking(
  share: ResourceShare,
  used: readonly ResourceShare[],
  { total }: SlotBudget,
): string | undefined {
  const problems = (['cpus', 'memory'] as const).flatMap((name) => {
    const wanted = share[name] ?? 0;
    const left = used.reduce((rest, one) => rest - (one[name] ?? 0), total[name] ?? Number.POSITIVE_INFINITY);
    if (wanted <= left + ROUNDING) return [];
    return [`${amountText(name, wanted)} ${UNITS[name]} (${amountText(name, left)} left)`];
  });
  return problems.length === 0 ? undefined : problems.join(' and ');
}

const UNITS = { cpus: 'CPUs', memory: 'of memory' } as const;

function amountText(name: keyof ResourceShare, value: number): string {
  if (value <= ROUNDING) return 'none';
  return name === 'memory' ? memoryText(value) : String(Math.round(value * CPU_PARTS) / CPU_PARTS);
}

/** Why a task can never get its share here, or `undefined`. */
export function tooLarge(share: ResourceShare, budget: SlotBudget): AgentError | undefined {
  const problem = lacking(share, [], budget);
  if (problem === undefined) return undefined;
  const asked = problem.replaceAll(' left)', ' in all)');
  return new AgentError(
    'TASK_TOO_LARGE',
    `the task asks for more than the slots of this daemon have: ${asked}`,
    {
      hint: 'Let the task ask for less, put it into the queue of a larger machine, or raise agent.slots_cpus and agent.slots_memory.',
    },
  );
}
