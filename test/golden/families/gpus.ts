import { Config, type ConfigTree } from '../../../src/config/config.js';
import { setAt, splitKey } from '../../../src/config/tree.js';
import { workerIdentity } from '../../../src/daemon/worker-id.js';
import { AVAILABLE_GPUS, parseDynamicGpus, writeAvailable } from '../../../src/gpu/dynamic-gpus.js';
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
  reserved?: unknown[];
}

const operations: Record<Input['op'], (input: Input) => unknown> = {
  visible,
  set_visible: ({ gpus = [] }) => variables(setVisible(gpus)),
  dynamic,
  // Declined: what is in use is in the machine's table, not in the ids of workers and not in a property of the server.
  available: () => undefined,
  runtime_property: () => undefined,
  register,
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

/** Cases with workers that the server knows are declined, as above. */
function register({ gpu_indexes = [], workers = [], reserved = [] }: Input): unknown {
  if (workers.length > 0 || reserved.length > 0) return undefined;
  const free = new Map(gpu_indexes.map((index) => [String(index), 1]));
  return { sent: [[AVAILABLE_GPUS, writeAvailable(free)]] };
}
