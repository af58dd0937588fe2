import { hostname } from 'node:os';
import type { Config } from '../../config/config.js';
import { sanitizeCommand } from '../../container/arguments/sanitize-command.js';
import { hidingRules } from '../../container/plan/argument-settings.js';
import type { CommandMask } from '../../secrets/mask.js';

/** Variables to hide in a printed configuration, besides those that container commands hide. */
const SECRET_NAMES = ['SECRET', 'PASS', 'TOKEN', 'CREDENTIAL', 'KEY'].flatMap((word) => [
  `*${word}*`,
  `*${word.toLowerCase()}*`,
]);

/** With the default worker name if none is configured. */
export function withHostName(config: Config): Config {
  if (config.agent.workerName !== undefined) return config;
  return config.withTree({ agent: { worker_name: hostname() } }, 'the host name');
}

/** Hides secrets in container arguments by the rules that hold for container commands. */
export function commandMask(config: Config): CommandMask {
  const rules = hidingRules(config);
  const extraNames = [...rules.extraNames, ...SECRET_NAMES];
  return (words) => sanitizeCommand(words, { ...rules, extraNames });
}
