import { type HidingRules, sanitizeCommand } from './sanitize-command.js';
import { quoteWord } from './shell-text.js';

/** The `docker run` line that does the same, ready to be pasted into a shell but for what is masked. */
export function renderRunLine(words: readonly string[], rules: HidingRules): string {
  return sanitizeCommand(words, rules).map(quoteWord).join(' ');
}
