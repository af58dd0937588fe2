import type { ConfigValue } from './config.js';
import { readList } from './lists.js';
import type { OptionFacts, OptionType } from './options/option.js';
import { isTree } from './tree.js';
import { booleanWord } from './words.js';

/** What of a row says which values a key takes. */
type ValueRule = Pick<OptionFacts, 'type' | 'choices' | 'lenient' | 'minimum'>;

/** What was expected in words, and whether a value is that. */
interface TypeRule {
  expected: string;
  accepts: (value: ConfigValue) => boolean;
}

const isScalar = (value: ConfigValue) => typeof value !== 'object' || value === null;
const isText = (value: ConfigValue) => typeof value === 'string' || typeof value === 'number';
const isNumber = (value: ConfigValue) => isText(value) && Number.isFinite(Number(value));

const isAddress = (value: ConfigValue) =>
  /^\s*https?:\/\//i.test(String(value)) && URL.canParse(String(value));

const isTexts = (value: ConfigValue) => (Array.isArray(value) ? value.every(isScalar) : isText(value));
const TEXTS: TypeRule = { expected: 'a text or a list of texts', accepts: isTexts };

const RULES: Readonly<Record<OptionType, TypeRule>> = {
  text: { expected: 'a text', accepts: isText },
  line: {
    expected: 'a text of one line',
    accepts: (value) => isText(value) && !/\p{Cc}/u.test(String(value)),
  },
  address: { expected: 'an address like http://host:8008', accepts: isAddress },
  path: { expected: 'a path', accepts: isText },
  boolean: {
    expected: 'true or false',
    accepts: (value) => isScalar(value) && booleanWord(String(value)) !== undefined,
  },
  integer: {
    expected: 'a whole number',
    accepts: (value) => isNumber(value) && Number.isInteger(Number(value)),
  },
  number: { expected: 'a number', accepts: isNumber },
  texts: TEXTS,
  words: TEXTS,
  names: TEXTS,
  list: { expected: 'a list [ … ]', accepts: Array.isArray },
  section: { expected: 'a section { … }', accepts: isTree },
  any: { expected: 'a value', accepts: () => true },
};

/** What a key expects when its value is not that; null and empty text mean "not set" everywhere. */
export function valueProblem(option: ValueRule, value: ConfigValue): string | undefined {
  if (value === null || value === '') return undefined;
  const { type, choices, lenient, minimum } = option;
  const { accepts, expected } = RULES[type];
  if (!accepts(value)) return expected;
  if (minimum !== undefined && Number(value) < minimum) return `${expected}, ${minimum} or more`;
  if (choices === undefined || lenient) return undefined;
  const isList = type === 'names';
  const isWrong = (isList ? namesIn(value) : [value]).some((one) => choiceOf(option, one) === undefined);
  return isWrong ? `${isList ? 'names out of' : 'one of'} ${choices.join(', ')}` : undefined;
}

/** The names in a list or a text. */
export function namesIn(value: ConfigValue): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item) => readList(String(item), 'names'));
}

/** The choice that a value is, in lower case; `undefined` when it is none. */
export function choiceOf(
  { choices = [] }: Pick<OptionFacts, 'choices'>,
  value: ConfigValue,
): string | undefined {
  const word = String(value).trim().toLowerCase();
  return choices.find((choice) => choice === word);
}
