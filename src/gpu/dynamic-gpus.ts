import { AgentError } from '../errors.js';

/**
 * The arithmetic of `--dynamic-gpus`: how many GPUs a queue's tasks take, and which are free. What is in use
 * is read from the ids of the workers that the server knows (`host:gpu0,1`, `host:gpu0.5a` for half of GPU 0).
 */

interface DynamicQueue {
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

function parseGpus(text: string | undefined): string[] {
  if (!text) refuse('--gpus is missing');
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

function refuse(problem: string): never {
  throw new AgentError('USAGE', `--dynamic-gpus: ${problem}`, {
    hint: 'Write --gpus 0-3 or 0,1,2 (slices 0:0,0:1), and each queue as name=2, name=1-4 or name=0.5.',
  });
}

interface Reservation {
  /** The last part of the id that the started worker will register with, without `gpu`. */
  suffix: string;
  /** GPUs taken, 1 for a whole one. */
  fraction: number;
  ageSeconds: number;
}

export interface GpuUse {
  /** Free part of each GPU that is not fully used. */
  free: Map<string, number>;
  /** What is taken, by suffix of the worker id. */
  taken: Map<string, number>;
  /** Reservations whose workers are still awaited. */
  awaited: string[];
}

/** Seconds for which a started worker that does not register keeps its GPUs. */
const RESERVATION_SECONDS = 600;

export interface GpuUseInput {
  gpus: readonly string[];
  workerName: string;
  workerIds: readonly string[];
  reservations: readonly Reservation[];
  reservationSeconds?: number;
}

export function gpuUse(input: GpuUseInput): GpuUse {
  const prefix = `${input.workerName}:gpu`;
  const registered = input.workerIds
    .filter((id) => id.startsWith(prefix))
    .flatMap((id) =>
      id
        .slice(id.lastIndexOf(':') + 1)
        .toLowerCase()
        .replace('gpu', '')
        .split(','),
    );
  const taken = new Map(registered.map((unit) => [unit, fractionOf(unit) ?? 1]));
  const limit = input.reservationSeconds ?? RESERVATION_SECONDS;
  const awaited = input.reservations.filter(
    (reservation) => !taken.has(reservation.suffix) && reservation.ageSeconds < limit,
  );
  for (const { suffix, fraction } of awaited) taken.set(suffix, fraction);
  return { free: freeParts(input.gpus, taken), taken, awaited: awaited.map(({ suffix }) => suffix) };
}

function freeParts(gpus: readonly string[], taken: ReadonlyMap<string, number>): Map<string, number> {
  const free = new Map(gpus.map((gpu) => [gpu, 1]));
  for (const [unit, fraction] of taken) {
    const gpu = fractionOf(unit) === undefined ? unit : (unit.split('.')[0] ?? unit);
    const left = free.get(gpu);
    if (left !== undefined) free.set(gpu, left - fraction);
  }
  return new Map([...free].filter(([, part]) => part > 0));
}

/** `0.25a` is a quarter of GPU 0; without a letter it is a slice or a whole GPU. */
function fractionOf(unit: string): number | undefined {
  const match = /^\d+\.(\d+)[a-z]+$/.exec(unit);
  return match === null ? undefined : Number(`0.${match[1]}`);
}

/** The worker's runtime property of this name holds the free parts: `0_5,1_25`, a whole GPU as `0_`. */
export const AVAILABLE_GPUS = 'available_gpus';

export function writeAvailable(free: ReadonlyMap<string, number>): string {
  return [...free]
    .map(([gpu, part]) => `${gpu}_${part < 1 ? (String(part).split('.')[1] ?? '') : ''}`)
    .join(',');
}

/**
 * The free parts that were published last; a GPU that nothing was said of is free.
 *
 * @param properties the worker's runtime properties; `undefined` when the server knows no such thing
 * @throws AgentError API_REFUSED
 */
export function publishedGpus(
  properties: readonly { key: string; value: string }[] | undefined,
  gpus: readonly string[],
): Map<string, number> {
  if (properties === undefined) {
    throw new AgentError('API_REFUSED', '--dynamic-gpus: the server has no runtime properties of workers', {
      hint: 'Start one agent per GPU instead, each with its own --gpus.',
    });
  }
  const published = properties.findLast((property) => property.key === AVAILABLE_GPUS);
  return published === undefined ? new Map(gpus.map((gpu) => [gpu, 1])) : readAvailable(published.value);
}

function readAvailable(text: string): Map<string, number> {
  const entries = text.split(',').filter((entry) => entry !== '');
  return new Map(
    entries.map((entry) => {
      const [gpu = '', digits = ''] = entry.split('_');
      return [gpu, digits === '' ? 1 : Number(`0.${digits}`)];
    }),
  );
}
