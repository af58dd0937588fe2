export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

const FAILURES =
  /^\s*(\d+) (?:tests? failed|uncaught exceptions?|unhandled rejections?|tests? timed out|hooks? failed)/gm;

/** Reads the summary that ava ends with. A run that failed without a failed test counts as one failure. */
export function countsOf(output: string, exitCode: number): Counts {
  const summary = output.slice(output.lastIndexOf('\n  ─'));
  const failed = sum(summary, FAILURES);
  return {
    passed: sum(summary, /^\s*(\d+) tests? passed/gm),
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: sum(summary, /^\s*(\d+) tests? (?:skipped|todo)/gm),
  };
}

function sum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
}
