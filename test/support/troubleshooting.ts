import { readFileSync } from 'node:fs';
import path from 'node:path';

const PAGE = path.resolve(import.meta.dirname, '../../docs/troubleshooting.md');

/**
 * The rows of docs/troubleshooting.md by the name of their failure, with dashes for blanks: the cells behind the
 * name, without the marks of code.
 */
export function troubleshootingRows(): ReadonlyMap<string, readonly string[]> {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => /^\| [^|`]+ \| `/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, name = '', ...cells]) => [name.replaceAll(' ', '-'), cells] as const);
  return new Map(rows);
}

/**
 * A whole cause line as that page has it, as a pattern. A placeholder of `values` stands for that text, any other
 * for any text.
 */
export function troubleshootingLine(id: string, values: Readonly<Record<string, string>> = {}): RegExp {
  const [line] = troubleshootingRows().get(id) ?? [];
  if (line === undefined) throw new Error(`${PAGE} has no failure "${id}"`);
  return linePattern(line, values);
}

/** `<address>` is a placeholder. */
export function linePattern(template: string, values: Readonly<Record<string, string>> = {}): RegExp {
  const pattern = template
    .split(/(<[^>]+>)/)
    .map((part) => {
      if (!part.startsWith('<')) return escaped(part);
      const value = values[part.slice(1, -1)];
      return value === undefined ? '.*' : escaped(value);
    })
    .join('');
  return new RegExp(`^${pattern}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
