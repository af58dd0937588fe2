import type { Environment } from './config.js';
import type { ListKind } from './lists.js';
import { OPTIONS } from './options/option-table.js';
import { VARIABLES } from './variables/variable-table.js';

/** All spellings of a variable in the order in which they are looked at, by each of them. */
const SPELLINGS: ReadonlyMap<string, readonly string[]> = new Map(
  [
    ...VARIABLES.map(({ name, aliases = [] }) => [name, ...aliases]),
    ...OPTIONS.map(({ variables = [] }) => variables),
  ].flatMap((spellings) => spellings.map((spelling) => [spelling, spellings] as const)),
);

const KINDS: ReadonlyMap<string, string> = new Map([
  ...VARIABLES.map(({ name, type }) => [name, type] as const),
  ...OPTIONS.flatMap(({ type, variables = [] }) => variables.map((name) => [name, type] as const)),
]);

/** How the items of a variable that holds a list are separated. */
export function listKind(name: string): ListKind {
  const kind = KINDS.get(name);
  return kind === 'names' || kind === 'pairs' ? kind : 'words';
}

export interface FoundVariable {
  /** The spelling that was set. */
  name: string;
  /** Trimmed, never empty. */
  value: string;
}

/** The first spelling of a variable that is set to something; any of its spellings may be asked for. */
export function readVariable(env: Environment, name: string): FoundVariable | undefined {
  for (const spelling of SPELLINGS.get(name) ?? [name]) {
    const value = env[spelling]?.trim();
    if (value !== undefined && value !== '') return { name: spelling, value };
  }
  return undefined;
}
