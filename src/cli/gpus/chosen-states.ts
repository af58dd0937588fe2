import { AgentError } from '../../errors.js';
import type { GpuState } from '../../gpu/claims/gpu-states.js';
import { checkGpuList, selectedDevices } from '../../gpu/visibility.js';

/**
 * The devices that a flag names.
 *
 * @throws AgentError USAGE for a list that cannot be read, or a device that neither the machine nor its table has
 */
export function chosenStates(flag: string, list: string, states: readonly GpuState[]): GpuState[] {
  checkGpuList(list, flag);
  const selection = selectedDevices(list.replaceAll(':', '.'));
  if (selection.kind === 'all') return [...states];
  const names = selection.kind === 'list' ? selection.devices : [];
  if (names.length === 0)
    throw new AgentError('USAGE', `${flag} "${list}": expected the ids of GPUs, found none`);
  return names.map((name) => {
    const found = states.find(
      ({ id, key }) => id === name || key.toLowerCase().startsWith(name.toLowerCase()),
    );
    if (found !== undefined) return found;
    const there = states.map(({ id }) => id).join(', ') || 'none';
    throw new AgentError(
      'USAGE',
      `${flag} "${list}": there is no GPU ${name} on this machine (there: ${there})`,
    );
  });
}
