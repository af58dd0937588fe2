import type { ConfigTree, ConfigValue } from '../config.js';
import { isTree, mergeTrees } from '../tree.js';
import { syntaxError } from './cursor.js';
import type { JoinNode } from './nodes.js';

/** Letters of a text, or members of a list, that is put together; more is a mistake or an attack. */
const MAX_LENGTH = 1_000_000;

/** A part of a concatenation after its substitutions are filled in. */
export interface JoinPart {
  value: ConfigValue;
  /** Text as it was written. */
  written: string;
  /** Written between two others, only to separate them. */
  blank: boolean;
}

/**
 * Texts join to a text, lists to a list, objects merge.
 *
 * @throws AgentError CONFIG_SYNTAX when they are of different kinds
 */
export function joinParts(parts: readonly JoinPart[], place: JoinNode['place']): ConfigValue | undefined {
  const solid = parts.filter((part) => !part.blank);
  const [first] = solid;
  if (first === undefined) return undefined;
  if (solid.length === 1 && typeof first.value === 'object') return first.value;
  const wanted = kindOf(first.value);
  const odd = solid.find((part) => kindOf(part.value) !== wanted);
  if (odd !== undefined) {
    throw syntaxError(
      place,
      `expected one value, or parts of the same kind, found ${wanted} followed by ${kindOf(odd.value)}`,
      'Put each key on its own line, or a comma between two keys.',
    );
  }
  const length = parts.reduce(
    (sum, { value, written }) => sum + (Array.isArray(value) ? value.length : written.length),
    0,
  );
  if (length > MAX_LENGTH)
    throw syntaxError(place, `expected at most ${MAX_LENGTH} letters or list members, found ${length}`);
  if (wanted === 'a list') return solid.flatMap((part) => part.value as ConfigValue[]);
  if (wanted === 'an object') {
    return solid.reduce<ConfigTree>(
      (all, part) => (isTree(part.value) ? mergeTrees(all, part.value) : all),
      {},
    );
  }
  return parts.map((part) => part.written).join('');
}

function kindOf(value: ConfigValue): string {
  if (Array.isArray(value)) return 'a list';
  return isTree(value) ? 'an object' : 'a text';
}
