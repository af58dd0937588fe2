/** Sequences that move a cursor or name a window; those of colours stay. */
export const OTHER_SEQUENCES =
  /\u001b\[[0-9;?]*[A-Za-ln-z@`]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[()][A-Z0-9]|[\u0000-\u0008\u000b-\u001a\u007f]/g;

const COLOURS = /\u001b\[[0-9;]*m/g;

/** What is seen of a line, to search in. */
export function plainText(text: string): string {
  if (!text.includes('\u001b')) return text;
  return text.replace(OTHER_SEQUENCES, '').replace(COLOURS, '');
}
