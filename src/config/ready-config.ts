import { AgentError } from '../errors.js';
import type { Config } from './config.js';
import { type ApplyOptions, applySections } from './sections/apply-sections.js';
import { validateConfig } from './validate.js';

export interface ReadyOptions extends ApplyOptions {
  /** Told each thing that is odd but no reason to stop. */
  warn: (line: string) => void;
}

/**
 * What a command that runs tasks does with its configuration before it uses it: checks it, then carries out
 * the sections `environment` and `files`.
 *
 * @throws AgentError CONFIG_VALUE with the first value of a wrong type; the others are its detail
 */
export function readyConfig(config: Config, options: ReadyOptions): Config {
  const { warnings, errors } = validateConfig(config);
  for (const warning of warnings) options.warn(warning);
  const [first, ...others] = errors;
  if (first === undefined) return applySections(config, options);
  throw new AgentError('CONFIG_VALUE', first, others.length === 0 ? {} : { detail: others.join('\n') });
}
