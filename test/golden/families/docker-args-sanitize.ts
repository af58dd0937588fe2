import type { ConfigValue } from '../../../src/config/config.js';
import { maskUrls, sanitizeCommand } from '../../../src/container/arguments/sanitize-command.js';
import { hidingRules } from '../../../src/container/plan/argument-settings.js';
import { flatConfig } from '../../support/flat-config.js';

interface SanitizeInput {
  op: string;
  command?: string[];
  text?: string;
  config?: Record<string, ConfigValue>;
  env?: Record<string, string>;
}

export function dockerArgsSanitize(input: SanitizeInput): unknown {
  if (input.op === 'sanitize_urls') {
    const text = maskUrls(input.text ?? '');
    return { text, changed: text !== input.text };
  }
  const config = flatConfig({ config: input.config ?? {}, env: input.env ?? {}, complete: true });
  return sanitizeCommand(input.command ?? [], hidingRules(config));
}
