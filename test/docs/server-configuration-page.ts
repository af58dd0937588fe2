import { ownValue } from '../../src/config/options/option-table.js';
import type { ServerKeySection } from '../../src/server/config/key-table.js';
import { IGNORED_KEYS } from '../../src/server/config/keys/ignored.js';
import type { ServerKey } from '../../src/server/config/server-key.js';
import { hoconText } from './hocon-text.js';

/** The reference part of the page on the embedded server's configuration, in Markdown. */
export function serverConfigurationTables(sections: readonly ServerKeySection[]): string {
  return [
    '## Keys',
    ...sections.flatMap(({ title, keys }) => [
      `### ${title}`,
      table(['Key', 'Type', 'Default', 'Variables, flag', 'Meaning'], keys.map(keyRow)),
    ]),
    '## Accepted without effect',
    table(
      ['Keys and variables', 'Why'],
      IGNORED_KEYS.map(({ keys, variables = [], reason }) => [
        [...keys, ...variables.filter((name) => !name.startsWith('TRAINS_'))].map(code).join(', '),
        reason,
      ]),
    ),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function keyRow(row: ServerKey): string[] {
  const { key, type, help, choices, variables = [], flag, example } = row;
  const given = [...variables, ...(flag === undefined ? [] : [flag])].map(code).join(', ');
  const meaning = [
    help,
    ...(choices === undefined ? [] : [`One of: ${choices.join(', ')}.`]),
    ...(example === undefined ? [] : [`Example: ${code(example)}`]),
  ].join(' ');
  return [code(key), type, defaultText(row), given, meaning];
}

function defaultText({ fallback, otherwise }: ServerKey): string {
  if (otherwise !== undefined) return otherwise;
  return fallback === undefined || fallback === null ? '' : code(hoconText(ownValue(fallback)));
}

function code(text: string): string {
  return `\`${text}\``;
}
