import { expandVariables } from '../../os/expand.js';
import { type ArgumentItem, withValue } from './argument-item.js';

/**
 * Replaces `$NAME` and `${NAME}` in values of `-e`/`--env` by the agent's own variables. Names that it does
 * not have stay as they are. Bare words behind such an option count as further values.
 */
export function expandEnvironment(
  items: readonly ArgumentItem[],
  env: Readonly<Record<string, string | undefined>>,
): ArgumentItem[] {
  let behindVariable = false;
  return items.map((item) => {
    if (item.kind === 'word') {
      return behindVariable ? { ...item, words: item.words.map((word) => expandPair(word, env)) } : item;
    }
    const last = item.options.at(-1);
    behindVariable = last?.option.name === 'env';
    return behindVariable && last !== undefined ? withValue(item, expandPair(last.value, env)) : item;
  });
}

function expandPair(pair: string, env: Readonly<Record<string, string | undefined>>): string {
  const at = pair.indexOf('=');
  if (at < 0) return pair;
  return pair.slice(0, at + 1) + expandVariables(pair.slice(at + 1), env);
}
