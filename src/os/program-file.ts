import { readFileSync } from 'node:fs';

/**
 * Text of a Python or shell program that lies beside the module which runs it. The build copies such files to `dist`.
 *
 * @param name of the file
 * @param beside `import.meta.url` of the module
 */
export function programText(name: string, beside: string): string {
  return readFileSync(new URL(name, beside), 'utf8');
}
