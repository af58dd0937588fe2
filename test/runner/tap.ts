import { emptyTally, type Tally } from './tally.js';

const RESULT = /^(not )?ok \d+ - (.*?)(?: # (SKIP|TODO).*)?$/;
const SUMMARY = /^(TAP version|\d+\.\.\d+|# (tests|pass|fail|skip|todo) )/;

/** Counts the results in a Test Anything Protocol stream, line by line, and makes it pleasant to read. */
export class TapReader {
  readonly tally: Tally = emptyTally();
  readonly #showsSkipped: boolean;

  constructor({ showsSkipped = true }: { showsSkipped?: boolean } = {}) {
    this.#showsSkipped = showsSkipped;
  }

  /** @returns what to show for the line, if anything */
  line(text: string): string | undefined {
    const result = RESULT.exec(text);
    if (result === null)
      return SUMMARY.test(text) || text === '' ? undefined : `    ${text.replace(/^# /, 'ℹ ')}`;
    const [, not, title = '', directive] = result;
    if (directive !== undefined) {
      this.tally.skipped += 1;
      return this.#showsSkipped ? `  - ${title} (${directive.toLowerCase()})` : undefined;
    }
    if (not === undefined) {
      this.tally.passed += 1;
      return `  ✔ ${title}`;
    }
    this.tally.failed += 1;
    this.tally.failures.push(title);
    return `  ✘ ${title}`;
  }
}
