import { readFileSync } from 'node:fs';
import path from 'node:path';

const PAGE = path.resolve(import.meta.dirname, '../../docs/troubleshooting.md');
/** `| failure | `cause line` | …` */
const ROW = /^\| ([^|`]+) \| `([^`]+)` \|/;

/** The cause lines of docs/troubleshooting.md by the name of their failure, with dashes for blanks. */
export function troubleshootingRows(): ReadonlyMap<string, string> {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, text] = ROW.exec(line) ?? [];
      return name === undefined || text === undefined ? [] : [[rowId(name), text] as const];
    });
  return new Map(rows);
}

/**
 * A whole cause line as that page has it, as a pattern. A placeholder of `values` stands for that text, any other
 * for any text.
 */
export function troubleshootingLine(id: string, values: Readonly<Record<string, string>> = {}): RegExp {
  const text = troubleshootingRows().get(id);
  if (text === undefined) throw new Error(`${PAGE} has no failure "${id}"`);
  const pattern = text
    .split(/(<[^>]+>)/)
    .map((part) => {
      if (!part.startsWith('<')) return escaped(part);
      const value = values[part.slice(1, -1)];
      return value === undefined ? '.*' : escaped(value);
    })
    .join('');
  return new RegExp(`^${pattern}$`);
}

function rowId(name: string): string {
  return name.trim().replaceAll(' ', '-');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
