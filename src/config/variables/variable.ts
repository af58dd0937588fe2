/** A row of the table of environment variables that are no configuration key. */
export type Variable = VariableFacts & VariableUse;

interface VariableFacts {
  name: string;
  /** Older spellings, looked at after the name. */
  aliases?: readonly string[];
  type: VariableType;
  /** One line: what it does, in which unit. */
  help: string;
  /** What applies when it is not set, in words. */
  otherwise?: string;
  secret?: true;
}

type VariableUse =
  | {
      /** The folder under `src` that acts on it. */
      consumedBy: string;
    }
  | {
      /** Accepted without effect, and why. */
      ignored: string;
    };

/** Lists are read by `readList`; `presence` is on with any text. */
type VariableType =
  | 'text'
  | 'path'
  | 'boolean'
  | 'integer'
  | 'number'
  | 'words'
  | 'names'
  | 'pairs'
  | 'presence';
