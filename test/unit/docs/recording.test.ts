import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { COLUMNS, rowsOf, terminalSvg } from '../../docs/terminal-svg.js';

const RECORDING = path.resolve(import.meta.dirname, '../../../docs/recording.svg');

test('pieces of a line are one row, from the time of the last piece', (t) => {
  const printed = [
    { at: 0.1, text: 'step ' },
    { at: 0.4, text: '1\r\nstep 2\r\n' },
    { at: 0.5, text: 'end' },
  ];
  t.deepEqual(rowsOf(printed), [
    { at: 0.4, text: 'step 1' },
    { at: 0.4, text: 'step 2' },
    { at: 0.5, text: 'end' },
  ]);
});

test('long lines wrap, empty ones stay', (t) => {
  const text = `${'x'.repeat(COLUMNS + 3)}\n\ny\n`;
  t.deepEqual(
    rowsOf([{ at: 1, text }]).map((row) => row.text),
    ['x'.repeat(COLUMNS), 'xxx', '', 'y'],
  );
});

test('the last screen shows without animation, and text is no markup', (t) => {
  const printed = Array.from({ length: 30 }, (_, i) => ({ at: i / 10, text: `<line ${i}>\n` }));
  const svg = terminalSvg('demo', printed);
  t.regex(svg, /transform="translate\(0,-126\)"/, '31 rows in a window of 24');
  t.regex(svg, /style="animation-delay:2\.90s">&lt;line 29&gt;</);
  t.regex(svg, /100\.00%\{transform:translate\(0,-126px\)\}/);
  t.false(terminalSvg('demo', printed.slice(0, 3)).includes('@keyframes scroll'), 'it fits');
});

test('the recording in the documentation is of a run that completed, small, and of no particular machine', (t) => {
  const svg = readFileSync(RECORDING, 'utf8');
  t.regex(svg, /\$ npm start/);
  t.regex(svg, /The task is completed\./);
  t.true(svg.length < 60_000);
  const user = [homedir(), hostname()].filter((name) => name.length > 3);
  for (const place of ['/home/', '/root', '/Users/', '/opt/', ...user]) t.false(svg.includes(place), place);
});
