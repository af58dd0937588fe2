import { Config, type ConfigTree } from '../../../src/config/config.js';
import { setAt, splitKey } from '../../../src/config/tree.js';
import { workerIdentity } from '../../../src/daemon/worker-id.js';
import {
  AVAILABLE_GPUS,
  gpuUse,
  parseDynamicGpus,
  publishedGpus,
  writeAvailable,
} from '../../../src/gpu/dynamic-gpus.js';
import { gpuVisibility, setVisible } from '../../../src/gpu/visibility.js';

interface Input {
  op: 'visible' | 'set_visible' | 'dynamic' | 'available' | 'runtime_property' | 'register';
  gpus?: string | (string | number)[];
  cpu_only?: boolean;
  dynamic?: boolean;
  env?: Record<string, string>;
  config?: Record<string, string>;
  queues?: string[];
  gpu_indexes?: (string | number)[];
  workers?: string[];
  reserved?: [suffix: string, fraction: number, ageSeconds: number][];
  properties?: { key: string; value: string }[] | null;
}

const operations: Record<Input['op'], (input: Input) => unknown> = {
  visible,
  set_visible: ({ gpus = [] }) => variables(setVisible(gpus)),
  dynamic,
  available,
  runtime_property: runtimeProperty,
  register: (input) => ({ sent: [[AVAILABLE_GPUS, writeAvailable(use(input).free)]] }),
};

export function gpus(input: Input): unknown {
  return operations[input.op](input);
}

/** `checkGpuList` is left out: the original takes any text, and the daemon calls it before this. */
function visible(input: Input): unknown {
  const env = input.env ?? {};
  const config = configOf(env, input.config ?? {});
  const visibility = gpuVisibility({ gpus: String(input.gpus ?? ''), cpuOnly: input.cpu_only, env });
  const identity = workerIdentity({
    workerId: config.agent.workerId,
    workerName: config.agent.workerName,
    hostname: 'host1',
    visibility,
    dynamic: input.dynamic ?? false,
  });
  return { ...variables(visibility), worker_id: identity.id ?? '', worker_name: identity.name };
}

function configOf(env: Record<string, string>, values: Record<string, string>): Config {
  const tree: ConfigTree = {};
  setAt(tree, splitKey('agent.worker_name'), 'host1');
  for (const [key, value] of Object.entries(values)) setAt(tree, splitKey(key), value);
  const base = [{ tree, source: { kind: 'file' as const, name: 'case' } }];
  return new Config({ env, base, vaults: [], monitoring: [], top: [] });
}

function variables({ nvidia, cuda, visible: seen }: ReturnType<typeof setVisible>) {
  return {
    NVIDIA_VISIBLE_DEVICES: nvidia ?? null,
    CUDA_VISIBLE_DEVICES: cuda ?? null,
    visible: seen ?? null,
  };
}

function dynamic(input: Input): unknown {
  const plan = parseDynamicGpus(String(input.gpus ?? ''), input.queues ?? []);
  const ids = plan.queues.map((queue) => `id:${queue.name}`);
  return {
    queues: plan.queues.map(({ min, max }, at) => [ids[at], [min, max]]),
    gpu_indexes: plan.gpus,
    mode: plan.fractional ? 'fractional' : true,
    poll_order: ids,
  };
}

function use(input: Input) {
  return gpuUse({
    gpus: (input.gpu_indexes ?? []).map(String),
    workerName: 'box',
    workerIds: input.workers ?? [],
    reservations: (input.reserved ?? []).map(([suffix, fraction, ageSeconds]) => ({
      suffix,
      fraction,
      ageSeconds,
    })),
  });
}

function available(input: Input): unknown {
  const { free, taken, awaited } = use(input);
  return {
    available: Object.fromEntries(free),
    allocated: Object.fromEntries(taken),
    still_reserved: awaited,
  };
}

/** What the server tells is taken over and written back; a server without such properties tells null. */
function runtimeProperty(input: Input): unknown {
  const told = publishedGpus(input.properties ?? undefined, (input.gpu_indexes ?? []).map(String));
  return { available: Object.fromEntries(told), sent: [[AVAILABLE_GPUS, writeAvailable(told)]] };
}
