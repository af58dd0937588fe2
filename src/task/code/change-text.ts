import type { InterpreterKind } from './script-binary.js';

/** What the text in `script.diff` of a task is. */
export type ChangeText =
  /** Nothing to apply and nothing to run: blanks, comments, notes of git. `notes` are worth telling. */
  | { kind: 'nothing'; text: string; notes: readonly string[] }
  /** Changes to the checkout, as the tool wrote them: without colours, quote marks and what stood before. */
  | { kind: 'diff'; text: string }
  /** A whole script. */
  | { kind: 'script'; text: string }
  /** The SDK says that it could not store the changes here. `rest` is what was appended to that. */
  | { kind: 'stored elsewhere'; rest: string }
  /** Neither a diff nor code by its look: words, the log of a command. */
  | { kind: 'words'; text: string };

/**
 * Tells diffs from scripts. A diff has a head as a tool writes it, with nothing but notes, comments or words before; so
 * a script that begins with `diff` or holds a diff in a text is still a script.
 */
export function readChanges(text: string, kind: InterpreterKind): ChangeText {
  if (text.trim() === '') return { kind: 'nothing', text, notes: [] };
  const remark = TOO_LARGE.exec(text);
  if (remark !== null && significant(text.slice(0, remark.index)).every(isNote)) {
    return { kind: 'stored elsewhere', rest: withoutSummary(text.slice(remark.index + remark[0].length)) };
  }
  const diff = readings(text).find((reading) => startOf(reading, kind) !== undefined);
  if (diff !== undefined) return { kind: 'diff', text: diff.slice(startOf(diff, kind)) };
  const lines = significant(text);
  const notes = lines.filter((line) => isNote(line));
  if (notes.length === lines.length && !text.startsWith('#!')) {
    return { kind: 'nothing', text, notes: [...notes, ...lostChanges(text)] };
  }
  return { kind: looksLikeCode(text, kind) ? 'script' : 'words', text };
}

/** `clearml` 2.1.12, `ScriptInfo._get_script_info` and `Task._create_dev_task`; a diff may have been appended to it. */
const TOO_LARGE = /^#[^\n]*git diff too large to (?:store|handle)[^\n]*\n?(?:#[^\n]*\n?)*/im;

/** The remark may be followed by the list of files that the artifact's preview has. */
function withoutSummary(rest: string): string {
  return /^(?:diff --git [^\n]*\n?)+$/.test(rest) ? '' : rest;
}

/** `clearml` 2.1.12, `EnvDetector._get_info`. */
function lostChanges(text: string): string[] {
  const remark = /^#\s*(Repository modified, but no git diff could be extracted\.?)/im.exec(text)?.[1];
  return remark === undefined ? [] : [remark];
}

/** The text itself, then without what terminals, mail programs and web pages put in. */
function readings(text: string): string[] {
  const plain = withoutColours(text);
  // Lines of an uncoloured diff begin with a mark, never with a colour.
  const all = /^\u001b\[[\d;]*m[@ +-]/m.test(text) ? [plain] : [...new Set([text, plain])];
  return all.flatMap((one) => [one, ...unquoted(one)]);
}

/** Escape sequences of ECMA-48 that set colours or clear a line, also with the escape letter written out. */
function withoutColours(text: string): string {
  const escapes = ['\u001b', '\\^\\[', '\u241b', '\\\\033', '\\\\x1b', '\\\\e'].join('|');
  return text.replace(new RegExp(`(?:${escapes})\\[[\\d;]*[mK]`, 'g'), '');
}

/** Lines with what stands before the first head taken away: `> `, `| `, blanks. */
function unquoted(text: string): string[] {
  const quote = /^((?:[>|:][ \t]?|[ \t])+)(?=diff |--- |Index: |=== )/m.exec(text)?.[1];
  if (quote === undefined) return [];
  const lines = text.split(/(?<=\n)/);
  const bare = quote.trimEnd();
  const stripped = lines.map((line) => {
    if (line.startsWith(quote)) return line.slice(quote.length);
    return line.trimEnd() === bare ? line.slice(bare.length).replace(/^[ \t]+/, '') : line;
  });
  return [stripped.join('')];
}

/** Where the first head of a diff begins, when what stands before is no script. */
function startOf(text: string, kind: InterpreterKind): number | undefined {
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const before = text.slice(0, head.index);
  if (before.startsWith('#!')) return undefined;
  const [first] = significant(before).filter((line) => !isNote(line));
  if (first === undefined || MAIL.test(first)) return head.index;
  return looksLikeCode(before, kind) ? undefined : head.index;
}

/**
 * The first lines of a file's diff: git's own; those of other tools with both names and a hunk; those of `diff -c`.
 */
const HEAD = new RegExp(
  [
    String.raw`^diff --git (?:"(?:[^"\\\n]|\\.)+"|[^\n"]+) [^\n]+`,
    String.raw`^diff --(?:cc|combined) [^\n]+\n(?=index |mode |--- )`,
    String.raw`^(?:Index: [^\n]*\n=+\r?\n|=== [a-z]+ [^\n]*\n|diff -[^\n]*\n)*--- [^\n]+\n\+\+\+ [^\n]+\n@@+ -\d`,
    String.raw`^\*\*\* [^\n]+\n--- [^\n]+\n\*{15}`,
  ].join('|'),
  'm',
);

/** `git format-patch`, `git log -p`, `hg export`. */
const MAIL = /^(?:From [0-9a-f]{40} |From: |commit [0-9a-f]{7,40}\b|changeset: )/;

/** Lines that are neither blank nor comments. */
function significant(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^\s*#/.test(line));
}

/** Lines that git and the tools around it print beside a diff. */
function isNote(line: string): boolean {
  return NOTES.some((note) => note.test(line));
}

const NOTES: readonly RegExp[] = [
  /^(?:warning|hint|error|fatal|remote|usage|note): /i,
  /^The file will have its original line endings in your working directory/,
  /^Submodule .+ contains (?:untracked|modified) content$/,
  /^Submodule .+ [0-9a-f]{7,64}\.{2,3}[0-9a-f]{7,64}(?::| \([a-z ]+\):?)+$/,
  /^ {2}[<>] /,
  /^```/,
];

/** Shell scripts may begin with any word; what is no note of a tool is one. */
function looksLikeCode(text: string, kind: InterpreterKind): boolean {
  if (text.startsWith('#!') || kind === 'shell') return true;
  const statements = significant(text).filter((line) => /^\S/.test(line));
  const code = statements.filter((line) => CODE.some((form) => form.test(line)));
  return code.includes(statements[0] ?? '') || code.length * 2 > statements.length;
}

/** How a statement of Python, or a line of a notebook, begins. */
const CODE: readonly RegExp[] = [
  /^import [\w.]+(?:\s+as\s+\w+)?\s*(?:[,;#]|$)/,
  /^from [\w.]+ import\b/,
  /^(?:async )?(?:def \w+\s*\(|class \w+\s*[(:]|with \S.*[:(,\\]\s*(?:#|$)|for \S.* in\b)/,
  /^(?:if|elif|while|match)\b(?:.*[:(\\]\s*(?:#.*)?$| \S+:)/,
  /^(?:try|else|finally|except\b.*):/,
  /^(?:pass|break|continue|return|raise|assert|del|global|nonlocal|lambda|await|yield)\b(?!:)/,
  /^print\b/,
  /^@[\w.]+/,
  /^[rbuf]{0,2}["']/i,
  // One name or several, with an annotation, and any operator that assigns.
  /^\(?[\p{ID_Start}_][\p{ID_Continue}.]*(?:\[[^\]]*\])*(?:\s*,\s*\*?[\p{ID_Start}_][\p{ID_Continue}.]*)*\)?\s*(?::\s*[\w.[\], "'|]+?)?\s*(?:[-+*/%&|^@:]|\/\/|\*\*|<<|>>)?=(?!=)/u,
  /^[\p{ID_Start}_][\p{ID_Continue}.]*\(/u,
  /^[%!]{1,2}\w|^[\w.]+\?{1,2}$|^\?{1,2}[\w.]+$/,
  /^\[[^\]]*\]\s*=|^\[.*\bfor\b/,
];
