import type { Call } from '../../endpoint.js';
import { choicesOf } from '../choices.js';
import type { Choices, Value, ValueMap, WizardField } from '../format/definition.js';
import { flat } from '../format/read-default.js';

/** Notes the values that are none of the objects that their dropdowns offer; those of lists, too. */
export function checkChoices(
  call: Call,
  fields: readonly WizardField[],
  values: ValueMap,
  problems: Record<string, string>,
): void {
  const known = new Map<string, boolean>();
  const isChoice = (field: WizardField, choices: Choices, value: string): boolean => {
    const key = `${field.name} ${value}`;
    const found =
      known.get(key) ?? choicesOf(call, choices, { value }).choices.some((choice) => choice.value === value);
    known.set(key, found);
    return found;
  };
  checkFields(fields, values, { isChoice, problems, path: '' });
}

interface Checking {
  isChoice: (field: WizardField, choices: Choices, value: string) => boolean;
  problems: Record<string, string>;
  /** Before the names of fields. */
  path: string;
}

function checkFields(fields: readonly WizardField[], values: ValueMap, checking: Checking): void {
  for (const field of flat(fields)) {
    const value: Value | undefined = Object.hasOwn(values, field.name) ? values[field.name] : undefined;
    const path = checking.path + field.name;
    if (Array.isArray(value))
      for (const [at, item] of value.entries())
        checkFields(field.item_template ?? [], item, { ...checking, path: `${path}.${at}.` });
    const { choices } = field;
    if (choices === undefined || Array.isArray(choices) || typeof value !== 'string' || value === '')
      continue;
    if (!checking.isChoice(field, choices, value))
      checking.problems[path] =
        `expected the ${choices.value_field} of a ${choices.source} that can be chosen, found "${value}"`;
  }
}
