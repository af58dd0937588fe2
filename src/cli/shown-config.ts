import { hostname } from 'node:os';
import type { Config } from '../config/config.js';
import type { CommandMask } from '../config/show/mask.js';
import { sanitizeCommand } from '../drivers/docker/arguments/sanitize-command.js';
import { hidingRules } from '../drivers/docker/plan/argument-settings.js';

/** Variables that nobody wants to see in a printed configuration, beside those that container commands hide. */
const SECRET_NAMES = ['SECRET', 'PASS', 'TOKEN', 'CREDENTIAL', 'KEY'].flatMap((word) => [
  `*${word}*`,
  `*${word.toLowerCase()}*`,
]);

/** With the worker name that holds when nobody chose one. */
export function withHostName(config: Config): Config {
  if (config.string('agent.worker_name') !== undefined) return config;
  return config.withTree({ agent: { worker_name: hostname() } }, 'the host name');
}

/** Hides secrets in container arguments by the rules that hold for container commands. */
export function commandMask(config: Config): CommandMask {
  const rules = hidingRules(config);
  const extraNames = [...rules.extraNames, ...SECRET_NAMES];
  return (words) => sanitizeCommand(words, { ...rules, extraNames });
}
