import type { ConfigValue } from '../config.js';
import { isTree } from '../tree.js';

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
export function yamlText(value: ConfigValue): string {
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
