import { AgentError } from '../../errors.js';
import { isBalanced, splitWords } from '../../os/shell-words.js';

/**
 * Splits a text into words as a shell does.
 *
 * @param origin what the text is, for the error
 * @throws AgentError DOCKER_ARGUMENT for a quote that is never closed
 */
export function splitShellText(text: string, origin: string): string[] {
  requireClosedQuotes(text, origin);
  return splitWords(text);
}

/** @throws AgentError DOCKER_ARGUMENT for a quote that is never closed */
export function requireClosedQuotes(text: string, origin: string): void {
  if (isBalanced(text)) return;
  // Which words the values are is unknown, so none is shown.
  const shown = text.replace(/=\S[\s\S]*?(?=\s-|$)/g, '=…');
  throw new AgentError('DOCKER_ARGUMENT', `${origin}: a quote is never closed in: ${shown}`);
}
