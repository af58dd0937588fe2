import test from 'ava';
import { addEvents, type Line, type LogEvent } from '../../../web/src/pages/console/log-lines.js';
import { type LogSource, LogWindow, PAGE } from '../../../web/src/pages/console/log-window.js';

const COUNT = 60_000;
/** Messages of one call of a search; those of a millisecond come together. */
const SEARCHED = 9000;
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
    search: async (text, from, isForward) => {
      const all = log().filter(({ timestamp }) => (isForward ? timestamp > from : timestamp < from));
      const part = isForward ? all.slice(0, SEARCHED) : all.slice(-SEARCHED).reverse();
      const found = part.find(({ msg = '' }) => msg.includes(text))?.timestamp;
      if (found !== undefined) return { timestamp: found, searched: part.length };
      return {
        searched: part.length,
        ...(part.length < SEARCHED ? {} : { next: part.at(-1)?.timestamp ?? 0 }),
      };
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
  const progress: number[] = [];
  const onProgress = (searched: number) => void progress.push(searched);
  const up = await window.find(window.first + window.lines.length - 1, {
    text: 'line 1077',
    isForward: false,
    signal,
    onProgress,
  });
  t.is(window.lines[(up ?? 0) - window.first]?.text, 'line 10779', 'the last of those that begin so');
  t.true(progress.length > 1);
  t.deepEqual(
    progress,
    [...progress].sort((a, b) => a - b),
  );
  const down = await window.find(up ?? 0, { text: 'line 50000', isForward: true, signal });
  t.is(window.lines[(down ?? 0) - window.first]?.text, 'line 50000');
  t.is(await window.find(down ?? 0, { text: 'line 1077', isForward: true, signal }), undefined);
});

test('a search passes over what a progress bar drew over', async (t) => {
  const bar: LogEvent[] = [
    { timestamp: 1, msg: 'step 5% done\n' },
    { timestamp: 2, msg: '\r5%' },
    { timestamp: 2, msg: '\r100%\n' },
    ...Array.from({ length: 3 * PAGE }, (_, index) => ({ timestamp: 10 + index, msg: `line ${index}\n` })),
  ];
  const window = windowOver(() => bar);
  const { signal } = new AbortController();
  await window.toEnd();
  const line = await window.find(window.first, { text: '5%', isForward: false, signal });
  t.is(window.lines[(line ?? 0) - window.first]?.text, 'step 5% done');
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
