import type { WizardField } from './definition.js';
import type { Node } from './node.js';
import { flat } from './read-default.js';
import { placeOf } from './read-target.js';

/** What only the whole form shows: two values for one place, and values that go nowhere. */
export function checkWizard(entries: Node, fields: readonly WizardField[]): void {
  const all = flat(fields);
  checkPlaces(entries, all);
  for (const field of all) {
    if (field.target !== undefined || field.type === 'list' || isReferred(all, field.name)) continue;
    entries.problems.warn(
      pathOf(entries, field.name),
      `the value of "${field.name}" goes nowhere: it has no target and no other field depends on it`,
    );
  }
}

/** Fields that are never shown together may share a place. */
function checkPlaces(entries: Node, fields: readonly WizardField[]): void {
  const taken = new Map<string, WizardField>();
  for (const field of fields) {
    if (field.target === undefined) continue;
    const place = placeOf(field.target);
    const other = taken.get(place);
    if (other !== undefined && field.conditional.length === 0 && other.conditional.length === 0)
      entries.problems.error(
        [...pathOf(entries, field.name), 'target'],
        `expected a place of its own, "${other.name}" is stored at ${place}, too`,
      );
    taken.set(place, field);
  }
}

function isReferred(fields: readonly WizardField[], name: string): boolean {
  return fields.some(
    (field) =>
      field.conditional.some((condition) => condition.name === name) ||
      field.default_conditional_on?.name === name ||
      isReferred(field.type === 'list' ? flat(field.item_template ?? []) : [], name),
  );
}

/** The place of a field in the file; that of the list where it is not found. */
function pathOf(entries: Node, name: string): readonly string[] {
  return find(entries, name)?.path ?? entries.path;
}

function find(entries: Node, name: string): Node | undefined {
  if (!Array.isArray(entries.value)) return undefined;
  for (const item of entries.items()) {
    if (item.at('name').value === name) return item;
    const inner = find(item.at('item_template'), name);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
