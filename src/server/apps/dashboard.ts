import { asObject, asText, type JsonObject, valueAt } from '../json.js';
import type { TaskDocument } from '../tasks/task-document.js';
import type { AppDefinition, DashboardLine } from './format/definition.js';
import { assetOfReference, REFERENCE } from './format/reference.js';

/** The dashboard of an instance, with the values of its task in titles and HTML. */
export function filledDashboard({ dashboard }: AppDefinition, task: TaskDocument): DashboardLine[] {
  return dashboard.map((line) => ({
    ...line,
    contents: line.contents.map((element) => ({
      ...element,
      title: filled(element.title, task, (value) => value),
      ...(element.text === undefined ? {} : { text: filled(element.text, task, escaped) }),
    })),
  }));
}

/** References to assets stay for the page, which has the files. */
function filled(text: string, task: TaskDocument, show: (value: string) => string): string {
  return text.replaceAll(REFERENCE, (whole, path: string) =>
    assetOfReference(path) !== undefined ? whole : show(fieldText(task, path)),
  );
}

function fieldText(task: TaskDocument, path: string): string {
  const [head = '', ...rest] = path.split('.');
  if (head === 'hyperparams') return parameterAt(task.hyperparams, rest);
  if (head === 'configuration')
    return parameterAt({ configuration: task.configuration }, ['configuration', ...rest]);
  return asTextOrNumber(task[path]);
}

/** `SECTION.NAME.value`; the name may have dots. */
function parameterAt(sections: JsonObject, [section = '', ...rest]: string[]): string {
  const items = asObject(valueAt(sections, section));
  const name = rest.slice(0, -1).join('.');
  const item = Object.hasOwn(items, name) ? asObject(items[name]) : {};
  return asText(item.value) ?? '';
}

function asTextOrNumber(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  // A value must not become a reference.
  $: '&#36;',
};

/** A value within HTML, in the text of an element or in the quotes of an attribute. */
function escaped(value: string): string {
  return value.replaceAll(/[&<>"'`$]/g, (letter) => ENTITIES[letter] ?? letter);
}
