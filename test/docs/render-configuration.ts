import type { Option } from '../../src/config/options/option.js';
import { type OptionSection, ownValue } from '../../src/config/options/option-table.js';
import type { Variable } from '../../src/config/variables/variable.js';
import type { VariableSection } from '../../src/config/variables/variable-table.js';
import { hoconText } from './hocon-text.js';

/** Longer defaults are in the example file only. */
const DEFAULT_WIDTH = 80;

/** The reference part of the page on configuration, in Markdown. */
export function renderDocs(options: readonly OptionSection[], variables: readonly VariableSection[]): string {
  const keys = options.flatMap((section) => section.options);
  const own = variables.flatMap((section) => section.variables);
  return [
    '## Keys',
    ...options.flatMap(({ title, options: rows }) =>
      table(`### ${title}`, KEY_HEAD, rows.filter(isActive).map(keyRow)),
    ),
    '',
    '## Variables that are no keys',
    ...variables.flatMap(({ title, variables: rows }) =>
      table(`### ${title} (variables)`, VARIABLE_HEAD, rows.filter(isActive).map(variableRow)),
    ),
    ...table(
      '## Accepted without effect',
      ['Key or variable', 'Why'],
      [...keys.flatMap(reason), ...own.flatMap(reason)],
    ),
  ].join('\n');
}

const KEY_HEAD = ['Key', 'Type', 'Default', 'Variables, flag', 'Meaning'];
const VARIABLE_HEAD = ['Variable', 'Type', 'Default', 'Meaning'];

function isActive(row: Option | Variable): boolean {
  return 'consumedBy' in row;
}

function table(heading: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return ['', heading, '', line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}

function keyRow(option: Option): string[] {
  const { key, type, help, choices, formerly = [], variables = [], flag } = option;
  const meaning = [
    help,
    ...(choices === undefined ? [] : [`One of: ${choices.join(', ')}.`]),
    ...(formerly.length === 0 ? [] : [`Older name: ${formerly.map(code).join(', ')}.`]),
  ].join(' ');
  const given = [...variables, ...(flag === undefined ? [] : [flag])].map(code);
  return [code(key), type, defaultText(option), given.join(', '), meaning];
}

function variableRow({ name, aliases = [], type, otherwise = '', help }: Variable): string[] {
  return [[name, ...aliases].map(code).join(', '), type, otherwise, help];
}

function reason(row: Option | Variable): string[][] {
  if (!('ignored' in row)) return [];
  return [[code('key' in row ? row.key : row.name), row.ignored]];
}

function defaultText({ shipped, fallback, otherwise }: Option): string {
  if (otherwise !== undefined) return otherwise;
  const value = shipped ?? fallback;
  if (value === undefined || value === null || value === '') return '';
  const text = hoconText(ownValue(value));
  return text.length > DEFAULT_WIDTH || text.includes('\n') ? 'see the example file' : code(text);
}

function code(text: string): string {
  return `\`${text}\``;
}
