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
  const at = parent.lastIndexOf(':');
  const prefix = `${at < 0 ? parent : parent.slice(0, at)}:gpu`;
  const [first] = devices;
  if (first === undefined || first.share === 1) return prefix + devices.map(({ id }) => id).join(',');
  const part = `${prefix}${first.id}.${String(first.share).split('.')[1]}`;
  return part + (LETTERS.find((letter) => !taken.has(part + letter)) ?? 'z');
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
