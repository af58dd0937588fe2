import { useState } from 'preact/hooks';
import { ScrollRegion } from './scroll-region.js';

/** A browser lays out this much in no time; a long configuration would stop it for seconds. */
const MOST_CHARACTERS = 200_000;

/** Text as it is, which scrolls; the keyboard reaches it. The rest of a long one is shown by a button. */
export function Code({ text, label = 'Text' }: { text: string; label?: string }) {
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && text.length > MOST_CHARACTERS;
  return (
    <>
      <ScrollRegion class="code" label={label}>
        <pre>{isCut ? text.slice(0, MOST_CHARACTERS) : text}</pre>
      </ScrollRegion>
      {isCut && (
        <button type="button" class="button small" onClick={() => setWhole(true)}>
          Show all {text.length.toLocaleString()} characters
        </button>
      )}
    </>
  );
}

/** What kind each line of a diff is, by how it begins; the first that matches counts. */
const KINDS: readonly (readonly [string, string])[] = [
  ['diff ', 'file'],
  ['index ', 'meta'],
  ['+++ ', 'meta'],
  ['--- ', 'meta'],
  ['@@', 'place'],
  ['+', 'added'],
  ['-', 'removed'],
];
const MOST_LINES = 5000;

/** A unified diff in colours. */
export function Diff({ text }: { text: string }) {
  const lines = text.replace(/\n$/, '').split('\n');
  return (
    <ScrollRegion class="code diff" label="Changes">
      <pre>
        {lines.slice(0, MOST_LINES).map((line, index) => (
          <span key={index} class={`diff-line ${KINDS.find(([start]) => line.startsWith(start))?.[1] ?? ''}`}>
            {`${line}\n`}
          </span>
        ))}
        {lines.length > MOST_LINES && `… and ${lines.length - MOST_LINES} more lines`}
      </pre>
    </ScrollRegion>
  );
}
