import { AgentError } from '../errors.js';

/**
 * Which GPUs an agent may use: `--gpus` and `--cpu-only`, else the two environment variables. The rules and
 * the resulting variables are the original's, so that worker ids and containers come out the same.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface GpuRequest {
  /** `--gpus`; absent or empty = not given. */
  gpus?: string | undefined;
  cpuOnly?: boolean | undefined;
  env: Environment;
}

/** The state of the agent's own environment after the flags were applied. */
export interface GpuVisibility {
  /** `NVIDIA_VISIBLE_DEVICES`, with slices written `0:1`; `undefined` = unset. */
  nvidia: string | undefined;
  /** `CUDA_VISIBLE_DEVICES`, in the same form. */
  cuda: string | undefined;
  /** What the agent sees, with slices written `0.1`; `undefined` = no limit was set. */
  visible: string | undefined;
}

/** What `visible` asks for. */
export type DeviceSelection =
  | { kind: 'all' }
  | { kind: 'none' }
  /** Indexes, slices (`0.1`), GPU or MIG UUIDs; ranges are written out. */
  | { kind: 'list'; devices: readonly string[] }
  /** A folder whose entries name the devices (NVIDIA's device plugin mounts one into a pod). */
  | { kind: 'folder'; folder: string };

/** `--gpus` wins over `--cpu-only`, and either over the environment; inside Kubernetes `--gpus` is ignored. */
export function gpuVisibility(request: GpuRequest): GpuVisibility {
  const { env } = request;
  const gpus = ignoresFlag(env) ? undefined : request.gpus;
  if (gpus) return setVisible(gpus);
  if (request.cpuOnly) return setVisible('none');
  const cuda = env.CUDA_VISIBLE_DEVICES;
  const nvidia = env.NVIDIA_VISIBLE_DEVICES || cuda || env.NVIDIA_VISIBLE_DEVICES;
  return { nvidia, cuda, visible: (nvidia || cuda)?.replaceAll(':', '.') };
}

/** Whether `--gpus` has no effect: a pod has the GPUs that Kubernetes gave it. */
export function ignoresFlag(env: Environment): boolean {
  return Boolean(env.KUBERNETES_SERVICE_HOST || env.KUBERNETES_PORT);
}

/** The variables for a list of devices: `all` in any case removes the CUDA one, as CUDA does not know the word. */
export function setVisible(gpus: string | readonly (string | number)[]): GpuVisibility {
  const text = typeof gpus === 'string' ? gpus : gpus.join(',');
  if (text.trim().toLowerCase() === 'all') return { nvidia: 'all', cuda: undefined, visible: 'all' };
  const outside = text.replaceAll('.', ':');
  return { nvidia: outside, cuda: outside, visible: text.replaceAll(':', '.') };
}

/** Variables to lay over an environment; `undefined` removes one. Devices are numbered as nvidia-smi does. */
export function visibilityVariables(visibility: GpuVisibility): Record<string, string | undefined> {
  return {
    NVIDIA_VISIBLE_DEVICES: visibility.nvidia,
    CUDA_VISIBLE_DEVICES: visibility.cuda,
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  };
}

/** `void` and `-1` are other programs' words for none: NVIDIA's container runtime and CUDA. */
const NONE = new Set(['none', 'void', '-1']);

export function selectedDevices(visible: string | undefined): DeviceSelection {
  const text = visible?.trim();
  if (!text || text.toLowerCase() === 'all') return { kind: 'all' };
  if (NONE.has(text.toLowerCase())) return { kind: 'none' };
  if (text.startsWith('/')) return { kind: 'folder', folder: text };
  return {
    kind: 'list',
    devices: entriesOf(text)
      .filter((entry) => entry !== '')
      .flatMap(writeOut),
  };
}

const INDEX = /^\d{1,4}$/;
const RANGE = /^(\d{1,4})-(\d{1,4})$/;
const SLICE = /^\d{1,4}[.:]\d{1,4}$/;
const UUID = /^(GPU|MIG)-[\w/-]+$/i;

/**
 * Refuses a `--gpus` that cannot mean anything, before a daemon with a senseless worker id is started.
 *
 * @param flag that the list is given to
 * @throws AgentError USAGE
 */
export function checkGpuList(gpus: string, flag = '--gpus'): void {
  const word = gpus.trim().toLowerCase();
  if (word === 'all' || word === 'none') return;
  const entries = entriesOf(gpus);
  const problem = entries.map(problemOf).find((found) => found !== undefined) ?? repeated(entries);
  if (problem === undefined) return;
  throw new AgentError('USAGE', `${flag} "${gpus}": ${problem}`, {
    hint: 'Give all, none, or a comma list of indexes (0,1), ranges (0-3), slices (0:1) or UUIDs (GPU-…, MIG-…).',
  });
}

function problemOf(entry: string): string | undefined {
  if (entry === '') return 'an entry is empty';
  if (![INDEX, RANGE, SLICE, UUID].some((form) => form.test(entry))) return `"${entry}" names no GPU`;
  return writeOut(entry).length === 0 ? `the range ${entry} runs backwards` : undefined;
}

function repeated(entries: readonly string[]): string | undefined {
  const devices = entries.flatMap(writeOut).map((device) => device.replace(':', '.'));
  const twice = devices.find((device, at) => devices.indexOf(device) !== at);
  if (twice !== undefined) return `GPU ${twice} is named twice`;
  const slice = devices.find((device) => SLICE.test(device) && devices.includes(device.replace(/\..*/, '')));
  if (slice === undefined) return undefined;
  return `${slice.replace('.', ':')} is a slice of GPU ${slice.replace(/\..*/, '')}, which is named, too`;
}

function entriesOf(list: string): string[] {
  return list.split(',').map((entry) => entry.trim());
}

function writeOut(entry: string): string[] {
  const range = RANGE.exec(entry);
  if (range === null) return [entry];
  const [first, last] = [Number(range[1]), Number(range[2])];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => String(first + at));
}
