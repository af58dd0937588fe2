import type { ConfigValue } from '../config.js';

/** A row of the option table. */
export interface Option {
  /** Dotted key. */
  key: string;
  type: OptionType;
  /** Shipped in the configuration itself, so that `agent config` shows it. */
  shipped?: ConfigValue;
  /** What applies when nothing sets the key; not part of the printed configuration. */
  fallback?: ConfigValue;
}

export type OptionType = 'text' | 'path' | 'boolean' | 'integer' | 'number' | 'list' | 'section' | 'value';
