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
