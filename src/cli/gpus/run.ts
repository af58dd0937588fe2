import { AgentError } from '../../errors.js';
import { type GpuState, gpuStates } from '../../gpu/claims/gpu-states.js';
import type { GpuTable } from '../../gpu/claims/gpu-table.js';
import { checkGpuList, selectedDevices } from '../../gpu/visibility.js';
import { visibleJson } from '../../logs/visible-text.js';
import type { CommandContext } from '../command.js';
import { renderTable } from '../table.js';
import { machineTable } from './machine-table.js';

const BY_HAND = 'disabled by hand';

/** `agent gpus`: the devices of this machine, as the table that its agents share has them. */
export async function runGpus(context: CommandContext): Promise<number> {
  const { options, stdout } = context;
  if (options.reason !== undefined && options.disable === undefined)
    throw new AgentError('USAGE', '--reason goes with --disable, which is missing');
  const { table, gpus, toolMissing } = await machineTable(context);
  await change(table, gpuStates(gpus, await table.read()), options);
  const view = await table.read();
  const states = gpuStates(gpus, view);
  stdout.write(
    options.json === true
      ? `${visibleJson({ gpus: states, unreadable: view.damaged })}\n`
      : `${[gpuTableText(states, toolMissing), ...view.damaged.map(({ file, why }) => `Unreadable claim ${file}: ${why}`)].join('\n')}\n`,
  );
  return 0;
}

async function change(
  table: GpuTable,
  states: readonly GpuState[],
  { enable, disable, reason }: CommandContext['options'],
): Promise<void> {
  if (typeof enable === 'string')
    for (const { key, outOfService } of chosenStates('--enable', enable, states))
      if (outOfService !== undefined) await table.enable(key);
  if (typeof disable === 'string')
    for (const state of chosenStates('--disable', disable, states))
      await table.disable(state, typeof reason === 'string' ? reason : BY_HAND);
  await table.close();
}

function gpuTableText(states: readonly GpuState[], toolMissing: boolean): string {
  if (states.length === 0)
    return `This machine has no GPUs${toolMissing ? ': neither nvidia-smi nor rocm-smi is installed' : ''}.`;
  const rows = states.map((state) => [
    state.id,
    state.name ?? '-',
    memoryText(state),
    state.taken === 0 ? '-' : `${Math.round(state.taken * 100)} %`,
    state.usedBy
      .map(({ worker, task }) => (task === undefined ? worker : `${worker} (${task})`))
      .join(', ') || '-',
    stateText(state),
  ]);
  return renderTable({ headings: ['GPU', 'NAME', 'MEMORY', 'TAKEN', 'BY', 'STATE'], rows });
}

function memoryText({ memoryUsed, memoryTotal }: GpuState): string {
  if (memoryTotal === undefined) return '-';
  return `${memoryUsed ?? '?'} of ${memoryTotal} MiB`;
}

function stateText({ name, outOfService, reservedFor }: GpuState): string {
  if (outOfService !== undefined)
    return `out of service since ${new Date(outOfService.at).toISOString()}: ${outOfService.reason}`;
  if (reservedFor !== undefined) return `reserved for ${reservedFor}`;
  return name === undefined ? 'not listed by nvidia-smi' : 'in service';
}

/**
 * The devices that a flag names.
 *
 * @throws AgentError USAGE for a list that cannot be read, or a device that neither the machine nor its table has
 */
function chosenStates(flag: string, list: string, states: readonly GpuState[]): GpuState[] {
  checkGpuList(list, flag);
  const selection = selectedDevices(list.replaceAll(':', '.'));
  if (selection.kind === 'all') return [...states];
  const names = selection.kind === 'list' ? selection.devices : [];
  if (names.length === 0)
    throw new AgentError('USAGE', `${flag} "${list}": expected the ids of GPUs, found none`);
  return names.map((name) => {
    const [found, ...others] = states.filter(
      ({ id, key }) => id === name || key.toLowerCase().startsWith(name.toLowerCase()),
    );
    if (found !== undefined && others.length > 0) {
      const ids = [found, ...others].map(({ id }) => id).join(', ');
      throw new AgentError('USAGE', `${flag} "${list}": GPU ${name} may be each of ${ids}`, {
        hint: 'Write more of the UUID.',
      });
    }
    if (found !== undefined) return found;
    const there = states.map(({ id }) => id).join(', ') || 'none';
    throw new AgentError(
      'USAGE',
      `${flag} "${list}": there is no GPU ${name} on this machine, which has ${there}`,
    );
  });
}
