import { escapeForServer } from '../api/resolve-name.js';
import type { GpuVisibility } from '../gpu/visibility.js';

export interface WorkerIdInput {
  /** `agent.worker_id`: taken as it is. */
  workerId: string | undefined;
  /** `agent.worker_name`. */
  workerName: string | undefined;
  hostname: string;
  visibility: Pick<GpuVisibility, 'visible'>;
  /** `--dynamic-gpus` */
  dynamic?: boolean;
}

export interface WorkerIdentity {
  /** Prefix of ids that get a number: the worker's name, followed by `:cpu` for an agent without GPUs. */
  name: string;
  /** The id where no number is needed. */
  id: string | undefined;
  /** Whether the user chose the id, which is then never changed. */
  fixed: boolean;
}

/** Who this agent is, before slots are looked at. */
export function workerIdentity(input: WorkerIdInput): WorkerIdentity {
  const name = input.workerName || input.hostname;
  const visible = input.visibility.visible ?? '';
  const cpu = visible.toLowerCase() === 'none';
  const gpus = visible === '' || cpu ? undefined : `${name}:${input.dynamic ? 'dgpu' : 'gpu'}${visible}`;
  return {
    name: cpu ? `${name}:cpu` : name,
    id: input.workerId || gpus,
    fixed: Boolean(input.workerId),
  };
}

/**
 * The ids that this agent may take, in order of preference: the chosen one and no other; `host:gpu0`, then
 * `host:gpu0:1`, `host:gpu0:2` … for daemons that share GPUs; `host:0`, `host:1` … without GPUs.
 */
export function* workerIds(identity: WorkerIdentity): Generator<string, void> {
  if (identity.id !== undefined) yield identity.id;
  if (identity.fixed) return;
  const prefix = identity.id ?? identity.name;
  for (let slot = identity.id === undefined ? 0 : 1; slot < MAX_SLOTS; slot += 1) yield `${prefix}:${slot}`;
}

/** More daemons than this on one machine are a mistake. */
const MAX_SLOTS = 1000;

/** The id of `execute` without a daemon: its process is its slot. */
export function executeWorkerId(
  input: Pick<WorkerIdInput, 'workerId' | 'workerName' | 'hostname'>,
  pid: number,
): string {
  return input.workerId || `${input.workerName || input.hostname}:${pid}`;
}

/** The id of a task of a daemon in services mode: a worker of its own. */
export function serviceWorkerId(parent: string, task: string): string {
  return `${parent}:service:${task}`;
}

/** The id of a CPU slot of a daemon with `--slots`. */
export function slotWorkerId(parent: string, slot: number): string {
  return `${parent}:slot:${slot}`;
}

/**
 * The id of a run of a daemon with `--dynamic-gpus`: `host:gpu0,1` of `host:dgpu0-7`, `host:gpu0.5a` for a half of GPU 0.
 *
 * @param taken ids of other runs, which tell the letters in use
 */
export function gpuWorkerId(
  parent: string,
  devices: readonly { id: string; share: number }[],
  taken: ReadonlySet<string>,
): string {
  const prefix = gpuPrefix(parent);
  const [first] = devices;
  if (first === undefined || first.share === 1) return prefix + devices.map(({ id }) => id).join(',');
  const part = `${prefix}${first.id}.${String(first.share).split('.')[1]}`;
  return part + (LETTERS.find((letter) => !taken.has(part + letter)) ?? 'z');
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];

function gpuPrefix(parent: string): string {
  const at = parent.lastIndexOf(':');
  return `${at < 0 ? parent : parent.slice(0, at)}:gpu`;
}

/** What of the machine the id of a run says that it has. */
export type RunHoldings = { slot: number } | { devices: readonly { id: string; share: number }[] };

/**
 * Reads the id of a run of a daemon with `--slots` or `--dynamic-gpus`. The daemon itself, its services and the runs of other
 * hosts are none. `host:gpu0` may also be another daemon, which only the machine can tell.
 */
export function holdingsIn(parent: string, worker: string): RunHoldings | undefined {
  const slots = slotWorkerId(parent, 0).slice(0, -1);
  const slot = worker.startsWith(slots) ? worker.slice(slots.length) : '';
  if (/^\d+$/.test(slot)) return { slot: Number(slot) };
  const prefix = gpuPrefix(parent);
  if (!worker.startsWith(prefix)) return undefined;
  const [, given = ''] = /^([^:]+)(?::\d+)?$/.exec(worker.slice(prefix.length)) ?? [];
  const [, card = '', part] = /^(\d+)\.(\d+)[a-z]$/.exec(given) ?? [];
  if (part !== undefined) return { devices: [{ id: card, share: Number(`0.${part}`) }] };
  const ids = given.split(',');
  if (!ids.every((id) => /^\d+(\.\d+)?$/.test(id))) return undefined;
  return { devices: ids.map((id) => ({ id, share: 1 })) };
}

/**
 * Whether a worker is a daemon itself or one of its runs.
 *
 * @param givesGpus whether the daemon is one with `--dynamic-gpus`
 */
export function isRunOf(parent: string, givesGpus: boolean, worker: string): boolean {
  if (worker === parent || worker.startsWith(serviceWorkerId(parent, ''))) return true;
  const holdings = holdingsIn(parent, worker);
  return holdings !== undefined && ('slot' in holdings || givesGpus);
}

/**
 * A regular expression, as the server takes them, of the ids of a daemon and of its runs.
 *
 * @param givesGpus whether it is one with `--dynamic-gpus`
 */
export function idsOfRuns(parent: string, givesGpus: boolean): string {
  const own = `${escapeForServer(parent)}(:service:.*|:slot:[0-9]+)?`;
  return givesGpus ? `^(${own}|${escapeForServer(gpuPrefix(parent))}[0-9].*)$` : `^${own}$`;
}

/** The id, or the first of `id:1`, `id:2` … that no other daemon has. */
export async function freeWorkerId(
  wanted: string,
  isTaken: (worker: string) => Promise<boolean>,
): Promise<string> {
  for (let number = 0; ; number += 1) {
    const id = number === 0 ? wanted : `${wanted}:${number}`;
    if (!(await isTaken(id))) return id;
  }
}
