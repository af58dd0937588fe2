import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemCode } from '../../errors.js';
import { syntaxError } from './cursor.js';
import type { IncludeRequest } from './parser.js';

export interface IncludedText {
  file: string;
  text: string;
}

/**
 * The text that an include statement names, relative to the file that it is in. A missing file that is not
 * `required(…)` is no error.
 *
 * @throws AgentError CONFIG_SYNTAX at the statement when the text cannot be read
 */
export function readIncluded(request: IncludeRequest): IncludedText | undefined {
  const { cursor, at, target } = request;
  const place = cursor.place(at);
  if (request.form === 'url' && !target.startsWith('file:')) {
    const hint = 'Download it next to this file and include it by its name.';
    throw syntaxError(place, `expected a file to include, found the address ${target}`, hint);
  }
  const name = request.form === 'url' ? fileURLToPath(target) : target;
  const file = path.resolve(path.dirname(cursor.file), name);
  try {
    return { file, text: fs.readFileSync(file, 'utf8') };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' && !request.required) return undefined;
    throw syntaxError(place, `expected a readable file to include, found ${code} for ${file}`);
  }
}
