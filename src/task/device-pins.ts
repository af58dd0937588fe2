import { pinningVariables } from '../gpu/allocation.js';
import { gpuVisibility, selectedDevices } from '../gpu/visibility.js';
import type { AgentContext } from './context.js';

/**
 * The variables that show a task the agent's GPUs and no others; none where the agent has no limit. A slice is
 * given to CUDA by its UUID, for which the GPUs are looked at.
 */
export async function devicePins({
  environment,
  gpus,
}: Pick<AgentContext, 'environment' | 'gpus'>): Promise<Record<string, string>> {
  const visibility = gpuVisibility({ env: environment });
  if (!visibility.visible) return {};
  const listed = selectedDevices(visibility.visible).kind === 'list';
  const reading = listed ? await gpus.read() : undefined;
  const variables = Object.entries(pinningVariables(visibility, reading?.gpus ?? []));
  return Object.fromEntries(variables.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
