import Anser from 'anser';
import type { ComponentChild } from 'preact';
import { OTHER_SEQUENCES } from './ansi-text.js';

/** Longer lines are cut: a browser takes seconds to lay them out. The download has them whole. */
const MOST_CHARACTERS = 4000;
interface Piece {
  text: string;
  className: string;
  style: Record<string, string> | undefined;
}

/** A line in its colours; what is searched for is marked. All of it is text to the browser. */
export function AnsiLine({ text, find }: { text: string; find: string }) {
  const pieces = piecesOf(text);
  return (
    <>
      {pieces.map(({ text: part, className, style }, index) => (
        <span key={index} class={className} style={style}>
          <Marked text={part} find={find} />
        </span>
      ))}
      {text.length > MOST_CHARACTERS && <span class="faint"> … the download has the whole line</span>}
    </>
  );
}

function piecesOf(text: string): Piece[] {
  const shown = text.slice(0, MOST_CHARACTERS).replace(OTHER_SEQUENCES, '');
  return Anser.ansiToJson(shown, { use_classes: true, remove_empty: true }).map((part) => ({
    text: part.content,
    className: [
      named(part.fg, 'fg'),
      named(part.bg, 'bg'),
      ...(part.decorations ?? []).map((one) => `ansi-${one}`),
    ].join(' '),
    style: trueColours(part.fg_truecolor, part.bg_truecolor),
  }));
}

function named(colour: string | null, side: 'fg' | 'bg'): string {
  return colour === null || colour === undefined || colour === '' ? '' : `${colour}-${side}`;
}

function trueColours(fg: string | null, bg: string | null): Record<string, string> | undefined {
  if (!fg && !bg) return undefined;
  return { ...(fg ? { color: `rgb(${fg})` } : {}), ...(bg ? { backgroundColor: `rgb(${bg})` } : {}) };
}

function Marked({ text, find }: { text: string; find: string }) {
  if (find === '') return <>{text}</>;
  const parts: ComponentChild[] = [];
  const lower = text.toLowerCase();
  let done = 0;
  for (let found = lower.indexOf(find); found !== -1; found = lower.indexOf(find, done)) {
    parts.push(text.slice(done, found), <mark>{text.slice(found, found + find.length)}</mark>);
    done = found + find.length;
  }
  return (
    <>
      {parts}
      {text.slice(done)}
    </>
  );
}
