import { AgentError, causeLine } from '../../errors.js';
import { BoundedPattern, SlowPatternError } from '../../os/bounded-pattern.js';
import { type ArgumentItem, withValue } from './argument-item.js';

/**
 * Keeps the arguments that an expression allows. An expression is compared with an option as it was
 * written, from its start: `--ipc` allows `--ipc host` and `--ipc=host`, `--ipc=host$` only the latter.
 * An option is kept with its own value and nothing else; letters in one word are judged one by one; words
 * that belong to no option are dropped.
 *
 * @param filters regular expressions; none: everything is kept
 * @throws AgentError CONFIG_VALUE for an expression that is none, DOCKER_ARGUMENT for one that takes too long
 */
export function filterArguments(items: readonly ArgumentItem[], filters: readonly string[]): ArgumentItem[] {
  if (filters.length === 0) return [...items];
  const expressions = filters.map(compile);
  const allowed = (text: string) => expressions.some((expression) => matched(expression, text) !== undefined);
  return items.flatMap((item) => {
    const [first = ''] = item.words;
    if (item.kind === 'word') return [];
    if (item.options.length < 2) return allowed(first) ? [item] : [];
    if (expressions.some((expression) => matched(expression, first) === first)) return [item];
    return item.options.filter(({ written }) => allowed(written)).map((option) => spelledAlone(item, option));
  });
}

/** One letter of a word of several, as a word of its own. */
function spelledAlone(item: ArgumentItem, option: ArgumentItem['options'][number]): ArgumentItem {
  const { written, value } = option;
  if (option.option.takes === 'flag' && value === 'true')
    return { ...item, words: [written], options: [option] };
  const alone: ArgumentItem = { ...item, words: [written, value], options: [option] };
  return option.option.takes === 'flag'
    ? { ...alone, words: [`${written}=${value}`] }
    : withValue(alone, value);
}

/** What an expression matches at the start of an argument. */
function matched(expression: BoundedPattern, text: string): string | undefined {
  try {
    return expression.exec(text)?.[0];
  } catch (error) {
    if (!(error instanceof SlowPatternError)) throw error;
    throw new AgentError('DOCKER_ARGUMENT', `an argument cannot be filtered: ${error.message}`, {
      hint: 'Write that entry of agent.docker_args_filters without repetitions inside repetitions.',
    });
  }
}

function compile(filter: string): BoundedPattern {
  try {
    return new BoundedPattern(`^(?:${filter})`);
  } catch (error) {
    throw new AgentError(
      'CONFIG_VALUE',
      `agent.docker_args_filters: "${filter}" is no regular expression: ${causeLine(error)}`,
    );
  }
}
