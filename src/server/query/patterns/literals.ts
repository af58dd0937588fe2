/** What changes the meaning of the text after it, or reads otherwise in the two engines. */
const UNREADABLE = /\\Q|\[\^?\]|\(\?[a-zA-Z-]+\)/;
/** Escapes that stand for no text of their own; any other one with a letter or digit may have an argument. */
const CLASS_ESCAPE = /\\[dDwWsSbBAZz]/g;
const OTHER_ESCAPE = /\\[a-zA-Z0-9]/;
/** A character that may be absent, or the counted repetition of one. */
const OPTIONAL = /(?:\\.|[^\\])(?:[*?]|\{[^}]*\}?)/gs;
/** Plain and escaped ASCII characters in a row. */
const RUN = /(?:\\[ -/:-@[-`{-~]|[ !"#%&',\-/0-9:;<=>@A-Z_`a-z~])+/g;
/** Replaces what is not plain text. */
const BREAK = '\u0001';

/**
 * Texts that are in every text in which a pattern is found, but for their case: the runs of plain ASCII characters at its
 * top level. None where it has alternatives there.
 */
export function literalsOf(pattern: string): string[] {
  const source = pattern.replace(/^\(\?[aimsux]+\)/, '');
  if (UNREADABLE.test(source)) return [];
  const flat = withoutGroups(source).replaceAll(CLASS_ESCAPE, BREAK);
  if (flat.includes('|') || OTHER_ESCAPE.test(flat.replaceAll('\\\\', BREAK))) return [];
  const runs = flat.replaceAll(OPTIONAL, BREAK).match(RUN) ?? [];
  return runs.map((run) => run.replaceAll(/\\(.)/g, '$1'));
}

/** The pattern with a break in the place of each group and class. */
function withoutGroups(source: string): string {
  let flat = '';
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] ?? '';
    if (char === '(' || char === '[') {
      at = char === '(' ? endOfGroup(source, at) : endOfClass(source, at);
      flat += BREAK;
    } else if (char === '\\') {
      at += 1;
      flat += char + (source[at] ?? '');
    } else flat += char;
  }
  return flat;
}

/** The place of the bracket that ends a group. */
function endOfGroup(source: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < source.length; at += 1) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (char === '[') at = endOfClass(source, at);
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return source.length;
}

function endOfClass(source: string, begin: number): number {
  for (let at = begin + 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '[' && source[at + 1] === ':') at = Math.max(at, source.indexOf(':]', at) + 1);
    else if (source[at] === ']') return at;
  }
  return source.length;
}
