import type { ConfigValue } from '../config.js';

/** A row of the option table: everything that the program and its documents know about one key. */
export type Option = OptionFacts & OptionUse;

interface OptionFacts {
  /** Dotted key. */
  key: string;
  type: OptionType;
  /** One line: what it does, in which unit. */
  help: string;
  /** Default that is part of the configuration, so `agent config` shows it. */
  shipped?: ConfigValue;
  /** What applies while the key is absent; the printed configuration leaves it out. */
  fallback?: ConfigValue;
  /** The default in words, where it is found out at run time. */
  otherwise?: string;
  /** Accepted values, where they can be listed. */
  choices?: readonly string[];
  /** Variables that become this key; the first that is not empty wins. They beat files and vaults. */
  variables?: readonly string[];
  /** Flag of a command that sets it for one run. */
  flag?: string;
  /** Never printed or logged. */
  secret?: true;
  /** A sensible value for the example file, as it is written there. */
  example?: string;
}

type OptionUse =
  | {
      /** The folder under `src` that acts on it. */
      consumedBy: string;
    }
  | {
      /** Accepted without effect, and why. */
      ignored: string;
    };

/**
 * `texts` is a list or a single text. So are `words`, of which a text is split as a shell does, and `names`, which have
 * neither blanks nor commas. `any` is checked by its consumer.
 */
export type OptionType =
  | 'text'
  | 'path'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'texts'
  | 'words'
  | 'names'
  | 'list'
  | 'section'
  | 'any';
