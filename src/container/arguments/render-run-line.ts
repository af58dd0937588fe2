import { quoteWord } from '../../os/shell-words.js';
import { type HidingRules, sanitizeCommand } from './sanitize-command.js';

/** The `docker run` line that does the same, ready to be pasted into a shell but for what is masked. */
export function renderRunLine(words: readonly string[], rules: HidingRules): string {
  return sanitizeCommand(words, rules).map(quoteWord).join(' ');
}
