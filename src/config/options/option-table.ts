import { AGENT_OPTIONS } from './agent.js';
import type { Option } from './option.js';

/** Every key that the agent knows. */
export const OPTIONS: readonly Option[] = AGENT_OPTIONS;

const BY_KEY: ReadonlyMap<string, Option> = new Map(OPTIONS.map((option) => [option.key, option]));

export function findOption(key: string): Option | undefined {
  return BY_KEY.get(key);
}
