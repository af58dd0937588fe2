/** A default as the table holds it: a configuration value that does not change. */
export type ConfigConstant =
  | string
  | number
  | boolean
  | null
  | readonly ConfigConstant[]
  | { readonly [key: string]: ConfigConstant };

/** A row of the option table: everything that the program and its documents know about one key. */
export type Option = OptionFacts & OptionUse;

/** What a value of the key may be and what it means; rows of other tables have the same. */
export interface OptionFacts {
  /** Dotted key, `agent.kill_grace_sec`; the code reads it as `config.agent.killGraceSec`. */
  key: string;
  /** Older names, dotted too. The first that is set applies while the key itself is not set. */
  formerly?: readonly string[];
  type: OptionType;
  /** For a `list`: its items are read as they were written; without it they are texts. */
  items?: 'any';
  /** One line: what it does, in which unit. */
  help: string;
  /** Default that is part of the configuration, so `agent config` shows it. */
  shipped?: ConfigConstant;
  /**
   * What applies while the key is absent or empty; the printed configuration leaves it out. Without it `shipped`
   * applies, and `null` is for a key that has no value while it is empty.
   */
  fallback?: ConfigConstant;
  /** Null is a value of its own, and not the same as absent. */
  nullable?: true;
  /** The default in words, where it is found out at run time. */
  otherwise?: string;
  /** Accepted values in lower case, where they can be listed. */
  choices?: readonly string[];
  /** A value that is none of the choices is a warning, and the default applies; else it is an error. */
  lenient?: true;
  /** The lowest number that is accepted. */
  minimum?: number;
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
 * A `section` is read as a whole: its members have names of the user's. `texts` is a list or a single text. So are `words`,
 * of which a text is split as a shell does, and `names`, which have neither blanks nor commas; `choices` of `names` are those
 * of each item. `line` is a text of one line, `address` one of a web server. `any` is checked by its consumer.
 */
export type OptionType =
  | 'text'
  | 'line'
  | 'address'
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
