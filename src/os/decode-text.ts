export interface DecodedText {
  text: string;
  /** The encoding of a text without a mark that is not UTF-8; its letters are a guess. */
  guessed?: string;
}

const FALLBACK = 'windows-1252';

/** Byte order marks; UTF-8 has one, too, which its decoder drops. */
const MARKS: readonly [mark: string, encoding: string][] = [
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
];

/**
 * The text of a file that an editor wrote: UTF-8, UTF-16 with a byte order mark (Windows), else Windows-1252, of which
 * Latin-1 is a part, so that no letter is lost.
 */
export function decodeText(bytes: Buffer): DecodedText {
  const mark = bytes.toString('hex', 0, 2);
  const marked = MARKS.find(([begin]) => begin === mark)?.[1];
  if (marked !== undefined) return { text: new TextDecoder(marked).decode(bytes) };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { text: new TextDecoder(FALLBACK).decode(bytes), guessed: FALLBACK };
  }
}
