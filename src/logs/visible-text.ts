/** Line ends, tabs, other controls (C0, DEL, C1), and the marks that turn the direction of writing or end a line. */
const HIDDEN = /\p{Cc}|[\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const BETWEEN_LINES = /[^\P{Cc}\n\t]|[\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text of the server or a task (a name, a message) as one line of a terminal: what would move the cursor, change
 * colours or begin another line is written as `\x1b` or `\u202e`.
 */
export function visibleLine(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/**
 * The same for a name in a table or a list, where a text of a megabyte would bury the rest.
 *
 * @param most characters of the text that are shown
 */
export function visibleName(text: string, most = 200): string {
  return text.length <= most ? visibleLine(text) : `${visibleLine(text.slice(0, most))}…`;
}

/** The same for a text of several lines: their ends and tabs stay. */
export function visibleText(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(BETWEEN_LINES, escaped);
}

/** The same for a message of several lines: no line but the first begins at the margin. */
export function visibleLines(text: string): string {
  return visibleText(text).replace(/\n(?=\S)/g, '\n  ');
}

/**
 * JSON that a terminal shows as it is; JSON itself leaves DEL, C1 controls and direction marks unescaped.
 *
 * @param indent blanks a level; 0 for JSON of one line
 */
export function visibleJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(
    BETWEEN_LINES,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function escaped(letter: string): string {
  const code = letter.charCodeAt(0);
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  return (
    short[letter] ??
    (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
  );
}
