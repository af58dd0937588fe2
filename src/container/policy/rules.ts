import { AgentError } from '../../errors.js';

/** Whether one of the patterns, in which `*` stands for any letters, is the whole text. */
export function matches(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
    return new RegExp(`^${escaped}$`, 's').test(text);
  });
}

/** @param rule key in `agent.container_policy` */
export function refuse(rule: string, what: string): never {
  throw new AgentError('DOCKER_POLICY', `${what} is not allowed here by agent.container_policy.${rule}`, {
    hint: 'Ask the administrator of this machine, or change what the task asks for.',
  });
}
