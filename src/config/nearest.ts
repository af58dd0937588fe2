import { distance } from 'fastest-levenshtein';

/** Shorter names may differ in two letters, longer ones in three. */
const SHORT = 8;

/** The known name that a mistyped one is closest to; `undefined` when none is close. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const most = name.length < SHORT ? 2 : 3;
  const close = known
    .filter((candidate) => Math.abs(candidate.length - name.length) <= most)
    .map((candidate) => ({ candidate, letters: distance(name, candidate) }))
    .filter(({ letters }) => letters <= most);
  return close.sort((a, b) => a.letters - b.letters)[0]?.candidate;
}
