/**
 * Splits a text into words as a POSIX shell does: blanks, single and double quotes, backslash. Nothing is
 * expanded. A quote that is never closed ends with the text. Libraries for this expand variables, patterns and
 * comments (shell-quote), or know no backslash (string-argv).
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [, single, double, escaped, plain] of text.matchAll(TOKENS)) {
    if (escaped === '\n') continue; // the line continues
    if (plain !== undefined && plain.trim() === '') {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const unquoted = double?.replace(/\\(?:(["\\$`])|\n)/g, '$1');
    word = (word ?? '') + (single ?? unquoted ?? escaped ?? plain ?? '');
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** A single-quoted part, a double-quoted part, an escaped letter, blanks or a run of other letters. */
const TOKENS = /'([^']*)(?:'|$)|"((?:[^"\\]|\\[\s\S])*)(?:"|$)|\\([\s\S])|(\s+|[^\s'"\\]+|\\$)/g;

/** The word in the form in which a POSIX shell, and `splitWords`, read it back. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** Whether every quote in the text is closed. */
export function isBalanced(text: string): boolean {
  return QUOTED.test(text);
}

/** Plain text, complete single and double quotes, escaped letters, and nothing else. */
const QUOTED = /^(?:[^'"\\]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S])*$/;
