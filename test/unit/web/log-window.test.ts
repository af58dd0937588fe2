import test from 'ava';
import { addEvents, type Line, type LogEvent } from '../../../web/src/pages/console/log-lines.js';
import { type LogSource, LogWindow, PAGE } from '../../../web/src/pages/console/log-window.js';

const COUNT = 60_000;
/** Lines that the window holds at most. */
const MOST = 24_000;

/** Three messages a millisecond, as a fast task prints. */
const LOG: readonly LogEvent[] = Array.from({ length: COUNT }, (_, index) => ({
  timestamp: 1000 + Math.floor(index / 3),
  msg: `line ${index}\n`,
}));

/** Pages as the server gives them: all messages of the last millisecond come together. */
function sourceOf(log: () => readonly LogEvent[]): LogSource {
  return {
    earlier: async (before = Number.POSITIVE_INFINITY, count) => {
      const all = log().filter(({ timestamp }) => timestamp < before);
      const first = all.at(-count)?.timestamp ?? 0;
      return all.filter(({ timestamp }) => timestamp >= first);
    },
    later: async (after = 0, count) => {
      const all = log().filter(({ timestamp }) => timestamp > after);
      const last = all[count - 1]?.timestamp ?? Number.POSITIVE_INFINITY;
      return all.filter(({ timestamp }) => timestamp <= last);
    },
  };
}

function windowOver(log: () => readonly LogEvent[]): LogWindow {
  return new LogWindow(
    sourceOf(log),
    () => undefined,
    (error) => {
      throw error;
    },
  );
}

function numbers({ lines }: LogWindow): number[] {
  return lines.map(({ text }) => Number(text.slice('line '.length)));
}

function isUnbroken(all: readonly number[]): boolean {
  return all.every((value, index) => index === 0 || value === (all[index - 1] ?? 0) + 1);
}

test('the window walks to the start and back without a gap, and stays small', async (t) => {
  const window = windowOver(() => LOG);
  await window.toEnd();
  t.is(numbers(window).at(-1), COUNT - 1);
  for (let turn = 0; !window.isAtStart && turn < 100; turn += 1) {
    const [before] = window.lines;
    const number = window.first;
    await window.loadEarlier();
    t.true(isUnbroken(numbers(window)));
    t.true(window.lines.length <= MOST);
    t.is(window.lines[number - window.first], before, 'a line keeps its number');
  }
  t.is(numbers(window)[0], 0);
  t.false(window.isAtEnd);
  for (let turn = 0; !window.isAtEnd && turn < 100; turn += 1) {
    await window.loadLater();
    t.true(isUnbroken(numbers(window)));
    t.true(window.lines.length <= MOST);
  }
  t.is(numbers(window).at(-1), COUNT - 1);
});

test('what is printed while the last page is read is neither lost nor doubled', async (t) => {
  const early = LOG.slice(0, 3001);
  let log = early;
  const window = windowOver(() => log);
  await window.toStart();
  t.false(window.isAtEnd);
  window.add(LOG.slice(3000, 3004));
  t.is(numbers(window).at(-1), PAGE - 1 + ((3 - (PAGE % 3)) % 3), 'the window does not show the end yet');
  log = LOG.slice(0, 3002);
  await window.loadLater();
  t.true(window.isAtEnd);
  t.is(numbers(window).at(-1), 3003);
  t.true(isUnbroken(numbers(window)));
});

test('a search finds a line outside of the window in both directions', async (t) => {
  const window = windowOver(() => LOG);
  const { signal } = new AbortController();
  await window.toEnd();
  const is = (number: number) => (line: Line) => line.text === `line ${number}`;
  const up = await window.find(is(77), window.first + window.lines.length - 1, false, signal);
  t.is(window.lines[(up ?? 0) - window.first]?.text, 'line 77');
  const down = await window.find(is(50_000), up ?? 0, true, signal);
  t.is(window.lines[(down ?? 0) - window.first]?.text, 'line 50000');
  t.is(await window.find(is(77), down ?? 0, true, signal), undefined);
});

const DRAWN: readonly [string, readonly string[], readonly string[]][] = [
  ['messages with and without a line break', ['a\n', 'b', 'c\r\n'], ['a', 'b', 'c']],
  ['a message of several lines', ['a\nb\n\nc'], ['a', 'b', '', 'c']],
  ['an empty line', ['\n'], ['']],
  ['a bar in one message', ['1%\r50%\r100%\n'], ['100%']],
  [
    'a bar in messages that end with a carriage return',
    ['1%\r', '50%\r', '100%\n', 'next'],
    ['100%', 'next'],
  ],
  [
    'a bar in messages that begin with a carriage return',
    ['\r1%', '\r50%', '\r100%\n', 'next'],
    ['100%', 'next'],
  ],
  ['a bar after a finished line', ['done\n', '\r1%', '\r2%'], ['done', '2%']],
  ['a text after a bar that nothing ended', ['\r99%', 'Traceback'], ['99%', 'Traceback']],
];

for (const [title, messages, expected] of DRAWN)
  test(`the console draws ${title}`, (t) => {
    const lines: Line[] = [];
    addEvents(
      lines,
      messages.map((msg) => ({ timestamp: 1, msg })),
    );
    t.deepEqual(
      lines.map(({ text }) => text),
      expected,
    );
  });
