import { defaultOf, isShown } from '../../../../src/server/apps/form/values.js';
import type { ValueMap, WizardField } from '../../../../src/server/apps/format/definition.js';
import { REFERENCE } from '../../../../src/server/apps/format/reference.js';

/** What a person typed: texts and choices, the state of checkboxes, rows of lists. Untouched fields are not there. */
export type Raw = string | boolean | RawMap[];
export interface RawMap {
  [name: string]: Raw;
}

/** As the server takes it: numbers where numbers were typed. */
export function parametersOf(fields: readonly WizardField[], raw: RawMap): Record<string, never> {
  const entries = flat(fields).flatMap((field): [string, unknown][] => {
    const value = raw[field.name];
    return value === undefined ? [] : [[field.name, typed(field, value)]];
  });
  return Object.fromEntries(entries) as Record<string, never>;
}

function typed(field: WizardField, value: Raw): unknown {
  if (Array.isArray(value)) return value.map((row) => parametersOf(field.item_template ?? [], row));
  if (typeof value === 'boolean') return value;
  if (field.type === 'integer' || field.type === 'float') {
    const number = Number(value);
    return value.trim() === '' ? '' : Number.isFinite(number) ? number : value;
  }
  // Choices may be numbers and booleans.
  if (Array.isArray(field.choices)) return field.choices.find((choice) => String(choice) === value) ?? value;
  return value;
}

/** What a field shows: what was typed, or its default. */
export function shownValue(field: WizardField, raw: RawMap, values: ValueMap): Raw {
  const own = raw[field.name];
  return own ?? rawOf(defaultOf(field, values));
}

/** Parameters of an instance as a person would have typed them. */
export function rawMapOf(parameters: Record<string, unknown>): RawMap {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, rawOf(value)]));
}

function rawOf(value: unknown): Raw {
  if (Array.isArray(value)) return value.map((row) => rawMapOf(row as Record<string, unknown>));
  if (typeof value === 'boolean') return value;
  return value === undefined || value === null ? '' : String(value);
}

/** What of it these fields can show: it may have been typed into the form of another version. */
export function fittingOf(fields: readonly WizardField[], raw: RawMap): RawMap {
  const entries = flat(fields).flatMap((field): [string, Raw][] => {
    const value = raw[field.name];
    if (value === undefined || !fits(field, value)) return [];
    const rows = Array.isArray(value) ? value.map((row) => fittingOf(field.item_template ?? [], row)) : value;
    return [[field.name, rows]];
  });
  return Object.fromEntries(entries);
}

function fits({ type, choices }: WizardField, value: Raw): boolean {
  if (type === 'list') return Array.isArray(value);
  if (type === 'checkbox') return !Array.isArray(value);
  if (typeof value !== 'string') return false;
  return !Array.isArray(choices) || value === '' || choices.some((choice) => String(choice) === value);
}

/** The fields of a form that are shown; a group is shown with its fields. */
export function shownFields(fields: readonly WizardField[], values: ValueMap): WizardField[] {
  return fields.filter((field) => isShown(field, values));
}

/**
 * The title of a group or of a list's item: the template with the values of fields.
 *
 * @param raw what was typed in it, which shows before it is right
 * @param values of its fields and of those around
 */
export function titleOf(field: WizardField, raw: RawMap, values: ValueMap, otherwise: string): string {
  const title = field.collapsibleTitleTemplate?.replaceAll(REFERENCE, (_whole, path: string) => {
    const name = path.trim();
    const value = raw[name] ?? values[name];
    return value === undefined || Array.isArray(value) ? '' : String(value);
  });
  return title === undefined || title.trim() === '' ? otherwise : title;
}

function flat(fields: readonly WizardField[]): WizardField[] {
  return fields.flatMap((field) => (field.type === 'group' ? flat(field.item_template ?? []) : [field]));
}
