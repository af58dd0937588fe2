import { AgentError } from '../../errors.js';
import { parseDynamicGpus } from '../../gpu/dynamic-gpus.js';
import type { MachineDevice } from '../../gpu/machine-devices.js';
import { type GpuDemand, isSliceFor } from '../../gpu/pick-devices.js';
import { namedTwice } from '../queues/resolve-queues.js';

/** What the tasks of a queue take. */
export type QueueDemand =
  /** All that the daemon has; it runs one task at a time. */
  { kind: 'whole' } | ({ kind: 'gpus' } & GpuDemand) | { kind: 'slot' } | { kind: 'service' };

export interface QueueAssignment {
  /** Name or id of the queue as typed. */
  name: string;
  demand: QueueDemand;
}

export interface AssignmentFlags {
  /** `--queue` */
  queues: readonly string[];
  /** `--dynamic-gpus` */
  dynamic: boolean;
  /** `--gpus` */
  gpus: string | undefined;
  /** `--slots` */
  slots: number | undefined;
  /** `--services-mode` */
  services: boolean;
}

const SERVICES_WORD = '=services';
const SLOT_WORD = '=0';

/**
 * Which queue takes what. With `--dynamic-gpus` each queue says how many GPUs its tasks take: `name=2`, `name=1-4`,
 * `name=0.5`; `name=0` takes a CPU slot and `name=services` runs as services do. With `--slots` and `--services-mode` alone
 * a queue takes a slot unless it says `name=services`.
 *
 * @throws AgentError USAGE
 */
export function assignQueues(flags: AssignmentFlags): QueueAssignment[] {
  const { queues, dynamic, slots, services } = flags;
  const assigned = dynamic ? dynamicQueues(flags) : queues.map((text) => plainQueue(text, flags));
  const names = assigned.map(({ name }) => name);
  const unnamed = queues[names.findIndex((name) => name.trim() === '')];
  if (unnamed !== undefined)
    refuse(
      `--queue "${unnamed}": the name of the queue is missing`,
      'Name the queue, such as --queue default.',
    );
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw namedTwice(twice);
  if (dynamic && assigned.length === 0) refuse('--dynamic-gpus: --queue is missing', SIZES_HINT);
  const has = (kind: QueueDemand['kind']) => assigned.some(({ demand }) => demand.kind === kind);
  if (has('slot') && slots === undefined)
    refuse('--dynamic-gpus: a queue with =0 takes a CPU slot, and --slots is missing', 'Add --slots N.');
  if (dynamic && slots !== undefined && !has('slot'))
    refuse('--slots: no queue takes a CPU slot', 'Name one as --queue name=0, or leave out --slots.');
  if (has('service') && !services)
    refuse('--queue: a queue with =services needs --services-mode', 'Add --services-mode.');
  if (services && (dynamic || slots !== undefined) && !has('service'))
    refuse('--services-mode: no queue is for services', 'Name one as --queue name=services.');
  return assigned;
}

const SIZES_HINT = 'Write each queue as name=2, name=1-4 or name=0.5.';

function dynamicQueues({ queues, gpus }: AssignmentFlags): QueueAssignment[] {
  const sized = queues.filter((text) => !text.endsWith(SERVICES_WORD) && !text.endsWith(SLOT_WORD));
  const plan = parseDynamicGpus(gpus, sized);
  return queues.map((text) => {
    if (text.endsWith(SERVICES_WORD))
      return { name: text.slice(0, -SERVICES_WORD.length), demand: { kind: 'service' } };
    const size = plan.queues[sized.indexOf(text)];
    if (size === undefined) return { name: text.slice(0, -SLOT_WORD.length), demand: { kind: 'slot' } };
    if (size.max > plan.gpus.length) {
      const most = size.min === size.max ? size.max : `up to ${size.max}`;
      refuse(
        `--dynamic-gpus: --queue "${text}" asks for ${most} GPUs, and --gpus ${gpus} has ${plan.gpus.length}`,
        'Ask for fewer GPUs, or give the daemon more.',
      );
    }
    return { name: size.name, demand: { kind: 'gpus', min: size.min, max: size.max } };
  });
}

function plainQueue(text: string, { slots, services }: AssignmentFlags): QueueAssignment {
  if (slots !== undefined && services && text.endsWith(SERVICES_WORD))
    return { name: text.slice(0, -SERVICES_WORD.length), demand: { kind: 'service' } };
  const kind = slots !== undefined ? 'slot' : services ? 'service' : 'whole';
  return { name: text, demand: { kind } };
}

/**
 * Refuses what the machine's cards cannot give.
 *
 * @param machine `devices`: those of `--gpus`, cut cards as their slices
 * @throws AgentError USAGE
 */
export function checkMachine(
  assigned: readonly QueueAssignment[],
  machine: { devices: readonly MachineDevice[]; shares: boolean },
): void {
  const whole = machine.devices.filter(({ fractionsOnly }) => !fractionsOnly).length;
  for (const { name, demand } of assigned) {
    if (demand.kind !== 'gpus') continue;
    if (demand.min >= 1 && demand.min > whole)
      refuse(
        `--dynamic-gpus: --queue "${name}" asks for ${demand.min} GPUs, and ${whole} are there in one piece`,
        'Cards with MIG slices serve queues of fractions.',
      );
    if (demand.min < 1 && !machine.shares && !hasSlice(machine.devices, demand.min))
      refuse(
        `--dynamic-gpus: --queue "${name}" asks for ${demand.min} of a GPU, no MIG slice is that large, and agent.gpu_fraction_sharing is off`,
        'Cut a GPU into MIG slices, or let tasks share one by agent.gpu_fraction_sharing: true.',
      );
  }
}

function hasSlice(devices: readonly MachineDevice[], size: number): boolean {
  return devices.some((device) => isSliceFor(device, size));
}

/** Queues whose tasks share a card without a wall between them. */
export function sharedQueues(
  assigned: readonly QueueAssignment[],
  devices: readonly MachineDevice[],
): string[] {
  return assigned.flatMap(({ name, demand }) =>
    demand.kind === 'gpus' && demand.min < 1 && !hasSlice(devices, demand.min) ? [name] : [],
  );
}

function refuse(problem: string, hint: string): never {
  throw new AgentError('USAGE', problem, { hint });
}
