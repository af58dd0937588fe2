import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemCode } from '../../errors.js';
import type { ConfigValue, Environment } from '../config.js';
import type { ConfigPosition } from '../layers.js';
import { Cursor, syntaxError } from './cursor.js';
import type { ListNode, ObjectNode } from './nodes.js';
import type { IncludeRequest } from './parser.js';
import { Parser } from './parser.js';
import { Resolver } from './resolver.js';

export interface HoconOptions {
  /** Path of the file, for messages and for the includes; or the name of a variable or a vault. */
  file: string;
  /** Variables for substitutions that the document itself does not answer. */
  env: Environment;
  /** Refuses `include`: for texts of others, which must not read files of this machine. */
  noIncludes?: boolean;
  /** Told about an included file that is missing. */
  warn?: (message: string) => void;
}

export interface HoconDocument {
  /** An object, except for a document that is a list. */
  root: ConfigValue;
  /** The line of each key, the last one where a key is repeated. */
  positions: ReadonlyMap<string, ConfigPosition>;
}

/** Files that include each other deeper than this include themselves. */
const MAX_INCLUDES = 50;

/**
 * Reads a document in the dialect of HOCON that ClearML's own files are written in.
 *
 * @throws AgentError CONFIG_SYNTAX with file, line, column, what was expected and what came
 */
export function parseHocon(text: string, options: HoconOptions): HoconDocument {
  const positions = new Map<string, ConfigPosition>();
  const root = read(new Cursor(text, options.file), [], 0);
  return { root: new Resolver(root, options.env).resolve(), positions };

  function read(cursor: Cursor, base: readonly string[], depth: number): ObjectNode | ListNode {
    const include = (request: IncludeRequest) => included(request, depth + 1);
    return new Parser(cursor, positions, include, base).document();
  }

  function included(request: IncludeRequest, depth: number): ObjectNode | ListNode | undefined {
    const place = request.cursor.place(request.at);
    if (options.noIncludes === true)
      throw syntaxError(place, 'expected all of the document in this file, found an include');
    if (depth > MAX_INCLUDES)
      throw syntaxError(place, 'expected an end of the includes, found a circle of them');
    const found = readIncluded(request);
    if (found !== undefined) return read(new Cursor(found.text, found.file), request.base, depth);
    options.warn?.(`${place.file}:${place.line}: the included file "${request.target}" does not exist`);
    return undefined;
  }
}

interface IncludedText {
  file: string;
  text: string;
}

/**
 * The text that an include statement names, relative to the file that it is in. A missing file that is not
 * `required(…)` is no error.
 *
 * @throws AgentError CONFIG_SYNTAX at the statement when the text cannot be read
 */
function readIncluded(request: IncludeRequest): IncludedText | undefined {
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
