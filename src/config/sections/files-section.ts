import path from 'node:path';
import { expandVariables } from '../../os/expand.js';
import { expandHome } from '../../os/paths.js';
import type { Config, ConfigTree, ConfigValue } from '../config.js';
import { isTree } from '../tree.js';
import { sectionEntries, textOf } from './section-entries.js';

/** A file that the section `files` asks for. */
export interface FileWrite {
  label: string;
  path: string;
  content: string | Uint8Array;
  /** False: an existing file is left alone. */
  overwrite: boolean;
  mode?: number;
  /** Something about the entry that is left out, the file is written all the same. */
  note?: string;
}

/** An entry that cannot be carried out. */
export interface FileRefusal {
  label: string;
  refused: string;
}

/**
 * What the section `files` asks for, in order; nothing when `agent.apply_files` is off.
 *
 * @throws AgentError CONFIG_VALUE when the section is no section
 */
export function configuredFiles(config: Config, home: string): (FileWrite | FileRefusal)[] {
  if (!config.agent.applyFiles) return [];
  return sectionEntries(config, 'files').map(([label, entry]) => plannedFile(label, entry, config, home));
}

function plannedFile(
  label: string,
  entry: ConfigValue,
  config: Config,
  home: string,
): FileWrite | FileRefusal {
  if (!isTree(entry)) return { label, refused: 'expected { path, contents }, found something else' };
  const { path: target, contents } = entry;
  if (typeof target !== 'string' || target === '') return { label, refused: 'it has no path' };
  if (contents === undefined) return { label, refused: 'it has no contents' };
  const content = contentOf(entry, contents);
  if (isRefusal(content)) return { label, refused: content.refused };
  const file = path.resolve(expandHome(expandVariables(target, config.env), home));
  const overwrite = entry.overwrite !== false && textOf(entry.overwrite ?? true).toLowerCase() !== 'false';
  return { label, path: file, content, overwrite, ...modeOf(entry) };
}

interface Refusal {
  refused: string;
}

function isRefusal(content: string | Uint8Array | Refusal): content is Refusal {
  return typeof content === 'object' && 'refused' in content;
}

function contentOf(entry: ConfigTree, contents: ConfigValue): string | Uint8Array | Refusal {
  const target = formatOf(entry.target_format);
  const isEncoded = formatOf(entry.format) === 'base64';
  if (isEncoded && typeof contents !== 'string') return { refused: 'base64 contents have to be a text' };
  const bytes = isEncoded ? decoded(String(contents)) : undefined;
  if (isEncoded && bytes === undefined) return { refused: 'the contents are not base64' };
  if (target === 'bytes') return bytes ?? { refused: 'target_format bytes needs contents in base64' };
  const value = bytes === undefined ? contents : utf8(bytes);
  if (value === undefined)
    return { refused: 'the contents are not UTF-8; target_format bytes writes them as they are' };
  if (target === 'json') return asciiJson(value);
  return target === 'yaml' || target === 'yml' ? yamlText(value) : textOf(value);
}

function formatOf(value: ConfigValue | undefined): string {
  return typeof value === 'string' ? value.toLowerCase() : 'string';
}

/** Letters outside the alphabet are left out; one letter too many makes it unreadable. */
function decoded(text: string): Uint8Array | undefined {
  const letters = text.replace(/[^A-Za-z0-9+/]/g, '');
  return letters.length % 4 === 1 ? undefined : Buffer.from(letters, 'base64');
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Readable by programs that take the file for ASCII. */
function asciiJson(value: ConfigValue): string {
  return JSON.stringify(value, null, 2).replace(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function modeOf(entry: ConfigTree): { mode?: number; note?: string } {
  if (entry.mode === undefined || entry.mode === null) return {};
  const [, digits] = /^(?:0o)?([0-7]{1,4})$/i.exec(textOf(entry.mode).trim()) ?? [];
  if (digits !== undefined) return { mode: Number.parseInt(digits, 8) };
  return { note: `mode ${textOf(entry.mode)} is left out, an octal number such as "640" is expected` };
}

/** A text that YAML reads as this text without quotes. */
const PLAIN = /^[A-Za-z0-9_./~(<][^\n\r\t\0"\\]*$/;
/** Words, numbers, dates and times, and texts in which a colon, a hash or a blank at the end is special. */
const SPECIAL = [
  /^(?:true|false|yes|no|on|off|null|~|y|n|\.inf|\.nan)$/i,
  /^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d+)(?:e[-+]?\d+)?$/i,
  /^0[xo][\da-f_]+$|^\d{4}-\d\d?-\d\d?|^\d+(?::\d+)+$/i,
  /: |:$| #|\s$/,
];

/** A value as YAML, two blanks a level; texts that could be misread are quoted. */
function yamlText(value: ConfigValue): string {
  return isBlock(value) ? block(value, '').join('\n') : scalar(value);
}

function block(value: ConfigValue, indent: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => entry(`${indent}-`, item, indent));
  if (!isTree(value)) return [indent + scalar(value)];
  return Object.entries(value).flatMap(([key, member]) => entry(`${indent}${scalar(key)}:`, member, indent));
}

function entry(head: string, value: ConfigValue, indent: string): string[] {
  return isBlock(value) ? [`${head} `, ...block(value, `${indent}  `)] : [`${head} ${scalar(value)}`];
}

function isBlock(value: ConfigValue): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isTree(value) && Object.keys(value).length > 0;
}

function scalar(value: ConfigValue): string {
  if (typeof value === 'string' && PLAIN.test(value) && !SPECIAL.some((form) => form.test(value)))
    return value;
  return JSON.stringify(value);
}
