import { AgentError } from '../errors.js';

/** The words of `--dynamic-gpus`: how many GPUs a queue's tasks take, and how the agent reports free ones to the server. */

export interface DynamicQueue {
  name: string;
  /** GPUs of one task; below 1 it is a part of one GPU. */
  min: number;
  max: number;
}

export interface DynamicPlan {
  queues: DynamicQueue[];
  /** Indexes, slices written `0.1`. */
  gpus: string[];
  /** Whether some queue shares GPUs between tasks. */
  fractional: boolean;
}

/** @throws AgentError USAGE */
export function parseDynamicGpus(gpus: string | undefined, queues: readonly string[]): DynamicPlan {
  const parsed = queues.map(parseQueue);
  return { queues: parsed, gpus: parseGpus(gpus), fractional: parsed.some((queue) => queue.min < 1) };
}

const NUMBER = /^\d+(\.\d+)?$|^\.\d+$/;

function parseQueue(text: string): DynamicQueue {
  const equals = text.lastIndexOf('=');
  if (equals < 0) refuse(`--queue "${text}" lacks the number of GPUs`);
  const parts = text.slice(equals + 1).split('-');
  const [min = '', max = ''] = [parts[0], parts.at(-1)];
  if (parts.length > 3 || (parts.length === 3 && parts[1] !== ''))
    refuse(`--queue "${text}" has too many numbers`);
  const queue = {
    name: text.slice(0, equals),
    min: amount(text, parts.length > 1 && min === '' ? '1' : min),
    max: amount(text, max),
  };
  if (queue.max < queue.min) refuse(`--queue "${text}": the most is less than the least`);
  return queue;
}

function amount(queue: string, text: string): number {
  if (!NUMBER.test(text)) refuse(`--queue "${queue}": expected a number of GPUs, found "${text}"`);
  const value = Number(text);
  if (value <= 0) refuse(`--queue "${queue}": a task needs more than 0 GPUs`);
  if (value > 1 && !Number.isInteger(value)) refuse(`--queue "${queue}": parts of a GPU go up to one GPU`);
  return value;
}

/**
 * @returns indexes, slices written `0.1`
 * @throws AgentError USAGE
 */
export function parseGpus(text: string | undefined): string[] {
  if (!text) refuse('--gpus is missing');
  const word = text.trim().toLowerCase();
  if (word === 'none')
    refuse('--gpus none leaves no GPU to give out', 'Name GPUs, or run CPU tasks with --slots N instead.');
  if (word === 'all')
    refuse(
      '--gpus all names no GPU by its number',
      'Name the numbers that "nvidia-smi -L" lists, such as --gpus 0-3.',
    );
  const range = /^(\d+)-(\d+)$/.exec(text.trim());
  if (range !== null) {
    const [first, last] = [Number(range[1]), Number(range[2])];
    if (last < first) refuse(`--gpus "${text}": the range runs backwards`);
    return Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  }
  const entries = text.split(',').map((entry) => entry.trim().replace(':', '.'));
  const wrong = entries.find((entry) => !/^\d+(\.\d+)?$/.test(entry));
  if (wrong !== undefined) refuse(`--gpus "${text}": "${wrong}" is no GPU index`);
  return entries;
}

const FORMS = 'Write --gpus 0-3 or 0,1,2 (slices 0:0,0:1), and each queue as name=2, name=1-4 or name=0.5.';

function refuse(problem: string, hint = FORMS): never {
  throw new AgentError('USAGE', `--dynamic-gpus: ${problem}`, { hint });
}

/** The worker's runtime property of this name holds the free parts: `0_5,1_25`, a whole GPU as `0_`. */
export const AVAILABLE_GPUS = 'available_gpus';

export function writeAvailable(free: ReadonlyMap<string, number>): string {
  return [...free]
    .map(([gpu, part]) => `${gpu}_${part < 1 ? (String(part).split('.')[1] ?? '') : ''}`)
    .join(',');
}
