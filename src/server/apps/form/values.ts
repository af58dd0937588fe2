import type { Scalar, Value, ValueMap, WizardField } from '../format/definition.js';

/** Letters of a text that a field takes. */
const MAX_TEXT = 100_000;
/** Letters of an id or a name that a dropdown takes. */
const MAX_CHOICE = 1000;
/** Items of a list. */
export const MAX_ITEMS = 1000;

/** What is wrong with a scalar for a field, as "expected …"; `undefined` if nothing. Lists are checked by item. */
export function scalarProblem(field: WizardField, value: unknown): string | undefined {
  switch (field.type) {
    case 'checkbox':
      return typeof value === 'boolean' ? undefined : 'expected true or false';
    case 'integer':
      return Number.isSafeInteger(value) ? undefined : 'expected a whole number';
    case 'float':
      return Number.isFinite(value) ? undefined : 'expected a number';
    case 'dropdown':
      return choiceProblem(field, value);
    default:
      if (typeof value !== 'string') return 'expected a text';
      return value.length > MAX_TEXT ? `expected at most ${MAX_TEXT} letters` : undefined;
  }
}

function choiceProblem({ choices }: WizardField, value: unknown): string | undefined {
  if (!Array.isArray(choices))
    return typeof value === 'string' && value.length <= MAX_CHOICE
      ? undefined
      : 'expected one of the choices';
  if (choices.some((choice) => choice === value)) return undefined;
  return `expected one of ${choices.slice(0, 20).join(', ')}${choices.length > 20 ? ' …' : ''}`;
}

/** Whether a field is shown, with the values of the fields before it. */
export function isShown({ conditional }: WizardField, values: Readonly<ValueMap>): boolean {
  return conditional.every(({ name, value }) => {
    const found = Object.hasOwn(values, name) ? values[name] : undefined;
    return found !== undefined && !Array.isArray(found) && isSame(found, value);
  });
}

/** Booleans and numbers are the same as their texts. */
export function isSame(a: Scalar, b: Scalar): boolean {
  if (typeof a === 'boolean' || typeof b === 'boolean')
    return String(a).toLowerCase() === String(b).toLowerCase();
  return String(a) === String(b);
}

/** The value of a field that was not filled in, with the values of the fields before it. */
export function defaultOf(field: WizardField, values: Readonly<ValueMap>): Value | undefined {
  const { default_conditional_on: by } = field;
  const chosen = by === undefined || !Object.hasOwn(values, by.name) ? undefined : values[by.name];
  if (by !== undefined && chosen !== undefined && !Array.isArray(chosen)) {
    const row = Object.entries(by.value).find(([key]) => isSame(key, chosen));
    if (row !== undefined) return row[1];
  }
  return field.default ?? (field.type === 'checkbox' ? false : undefined);
}

/** Whether a field counts as not filled in. */
export function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}
