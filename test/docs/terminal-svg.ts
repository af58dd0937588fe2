/** Something that a program printed, and when. */
export interface Printed {
  /** Seconds since the program was started. */
  at: number;
  text: string;
}

interface Row {
  at: number;
  text: string;
}

/** Characters in a row; a README on GitHub shows this many at about their natural size. */
export const COLUMNS = 100;
const ROWS = 24;
const CELL = { width: 8.4, height: 18 };
/** From the line that letters stand on to the bottom of a row. */
const DESCENT = 5;
const MARGIN = 16;

/**
 * Draws a terminal that prints in the times of the recording, once. A viewer without animations, and one who asked for less
 * motion, see the last screen.
 */
export function terminalSvg(command: string, printed: readonly Printed[]): string {
  const rows = [{ at: 0, text: `$ ${command}` }, ...rowsOf(printed)];
  const width = Math.ceil(COLUMNS * CELL.width + 2 * MARGIN);
  const height = ROWS * CELL.height + 2 * MARGIN;
  const texts = rows.map(
    ({ at, text }, i) =>
      `<text y="${(i + 1) * CELL.height - DESCENT}" style="animation-delay:${at.toFixed(2)}s">${escaped(text)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" role="img" aria-label="Recording of ${escaped(command)}">
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d7dae0;white-space:pre;animation:show 1ms both}
@keyframes show{from{opacity:0}}
${scrolling(rows)}
@media (prefers-reduced-motion){*{animation:none!important}}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#1b1f27"/>
<svg x="${MARGIN}" y="${MARGIN}" width="${width - 2 * MARGIN}" height="${height - 2 * MARGIN}"><g class="screen" transform="translate(0,${-offsetOf(rows.length)})">
${texts.join('\n')}
</g></svg>
</svg>
`;
}

/** Pieces of output as rows of a terminal; a row is shown when its last piece came. */
export function rowsOf(printed: readonly Printed[]): Row[] {
  const rows: Row[] = [];
  let open: Row | undefined;
  for (const { at, text } of printed) {
    const lines = text.replaceAll('\r\n', '\n').split('\n');
    lines.forEach((line, i) => {
      open = { at, text: (open?.text ?? '') + line };
      if (i === lines.length - 1) return;
      rows.push(...wrapped(open));
      open = undefined;
    });
  }
  if (open !== undefined && open.text !== '') rows.push(...wrapped(open));
  return rows;
}

function wrapped({ at, text }: Row): Row[] {
  const pieces = text.match(new RegExp(`.{1,${COLUMNS}}`, 'gu')) ?? [''];
  return pieces.map((piece) => ({ at, text: piece }));
}

/** How far the screen has scrolled once there are this many rows. */
function offsetOf(rows: number): number {
  return Math.max(0, rows - ROWS) * CELL.height;
}

/** The steps of the scrolling: one at each row that does not fit. */
function scrolling(rows: readonly Row[]): string {
  const length = rows.at(-1)?.at ?? 0;
  if (rows.length <= ROWS || length === 0) return '';
  const steps = new Map<string, number>();
  rows.forEach(({ at }, i) => {
    if (i >= ROWS) steps.set(((at / length) * 100).toFixed(2), offsetOf(i + 1));
  });
  const frames = [...steps].map(([percent, offset]) => `${percent}%{transform:translate(0,${-offset}px)}`);
  return `.screen{animation:scroll ${length.toFixed(2)}s step-end both}
@keyframes scroll{0%{transform:none}${frames.join('')}}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
