import { splitWords } from '../../../config/shell-words.js';
import { AgentError } from '../../../errors.js';

/**
 * Splits a text into words as a shell does.
 *
 * @param origin what the text is, for the error
 * @throws AgentError DOCKER_ARGUMENT for a quote that is never closed
 */
export function splitShellText(text: string, origin: string): string[] {
  if (!isBalanced(text)) {
    throw new AgentError('DOCKER_ARGUMENT', `${origin}: a quote is never closed in: ${text}`);
  }
  return splitWords(text);
}

/** Whether every quote in the text is closed. */
export function isBalanced(text: string): boolean {
  return QUOTED.test(text);
}

/** Plain text, complete single and double quotes, escaped letters, and nothing else. */
const QUOTED = /^(?:[^'"\\]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S])*$/;

/** The word in the form in which a shell reads it back. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
