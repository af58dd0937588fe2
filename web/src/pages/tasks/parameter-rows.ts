import type { Sections } from '../../api/task.js';

/** A parameter in a form. */
export interface ParameterRow {
  /** Of this form; stays while the name is typed. */
  key: number;
  section: string;
  name: string;
  value: string;
  /** What the page does not show but must not lose. */
  rest: { type?: string; description?: string };
}

export function rowsOf(sections: Sections): ParameterRow[] {
  return Object.values(sections)
    .flatMap((parameters) => Object.values(parameters))
    .map(({ section, name, value, ...rest }, key) => ({ key, section, name, value, rest }));
}

/** What would be lost: a value without a name, or the first of two values of one name. */
export function problemOf(rows: readonly ParameterRow[]): string | undefined {
  const nameless = rows.find(({ name, value }) => name.trim() === '' && value !== '');
  if (nameless !== undefined) return `The value “${nameless.value}” has no name.`;
  const seen = new Set<string>();
  for (const { section, name } of toParameters(rows)) {
    const whole = `${section}/${name}`;
    if (seen.has(whole)) return `The parameter ${whole} is there twice.`;
    seen.add(whole);
  }
  return undefined;
}

/** As `tasks.edit_hyper_params` takes them; rows without a name are left out. */
export function toParameters(
  rows: readonly ParameterRow[],
): { section: string; name: string; value: string }[] {
  return rows
    .filter(({ name }) => name.trim() !== '')
    .map(({ section, name, value, rest }) => ({
      ...rest,
      section: section.trim() || 'Args',
      name: name.trim(),
      value,
    }));
}

/** As tasks have them. */
export function toSections(rows: readonly ParameterRow[]): Sections {
  const sections: Sections = {};
  for (const parameter of toParameters(rows))
    sections[parameter.section] = { ...sections[parameter.section], [parameter.name]: parameter };
  return sections;
}

export function emptyRow(rows: readonly ParameterRow[]): ParameterRow {
  const key = Math.max(-1, ...rows.map((row) => row.key)) + 1;
  return { key, section: rows.at(-1)?.section ?? 'Args', name: '', value: '', rest: {} };
}
