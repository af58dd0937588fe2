import type { OptionFacts } from '../../config/options/option.js';

/** A row of the table of the server's configuration. The first part of the key is the file: `apiserver.conf` and its like. */
export type ServerKey = Pick<
  OptionFacts,
  'key' | 'type' | 'help' | 'choices' | 'minimum' | 'variables' | 'flag' | 'secret' | 'example' | 'otherwise'
> & {
  /** What applies while the key is absent or empty; without it the reader gets `undefined`. */
  fallback?: OptionFacts['fallback'];
  items?: 'any';
};

/** Keys of the released server that have no meaning here: they are accepted, and named once at the start. */
export interface IgnoredKeys {
  reason: string;
  /** Keys and sections; a section covers all keys in it. */
  keys: readonly string[];
  /** Environment variables. */
  variables?: readonly string[];
}
