import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { isOpenAs, pruneLogs, rotatingLog } from '../../../src/os/rotating-log.js';

/** A log as a process in the background has it: open for appending. */
function log(t: ExecutionContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'rotating-'));
  const file = path.join(folder, 'a.log');
  const descriptor = openSync(file, 'a', 0o600);
  t.teardown(() => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
  const output = new Writable({
    write(text, _encoding, done) {
      writeSync(descriptor, text);
      done();
    },
  });
  return { folder, file, descriptor, output };
}

const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

test('no line is lost, and no file is longer than the limit and a line', (t) => {
  const { folder, file, output } = log(t);
  const stream = rotatingLog(output, file, { bytes: 1000, files: 100 });
  const lines = Array.from({ length: 2000 }, (_, number) => `line ${number}\n`);
  for (const line of lines) stream.write(line);
  const names = readdirSync(folder);
  const numbers = names.map((name) => Number(name.split('.')[2] ?? 0)).sort((a, b) => b - a);
  const parts = numbers.map((number) => textOf(number === 0 ? file : `${file}.${number}`));
  t.true(numbers.length > 15);
  t.is(parts.join(''), lines.join(''));
  for (const part of parts) t.true(part.length < 1010);
});

test('the oldest file goes, and what others write to the same file comes after the cut', (t) => {
  const { folder, file, output } = log(t);
  const stream = rotatingLog(output, file, { bytes: 10, files: 3 });
  for (const letter of 'abcde') stream.write(`${letter.repeat(10)}\n`);
  appendFileSync(file, 'a crash\n');
  t.deepEqual(readdirSync(folder).sort(), ['a.log', 'a.log.1', 'a.log.2']);
  t.deepEqual(
    ['', '.1', '.2'].map((end) => textOf(file + end)),
    ['a crash\n', `${'e'.repeat(10)}\n`, `${'d'.repeat(10)}\n`],
  );
});

test('a line is not cut in two', (t) => {
  const { file, output } = log(t);
  const stream = rotatingLog(output, file, { bytes: 10, files: 2 });
  for (const piece of ['a long beginning', ' and ', 'its end\n', 'next\n']) stream.write(piece);
  t.is(textOf(`${file}.1`), 'a long beginning and its end\n');
  t.is(textOf(file), 'next\n');
});

test('a log that cannot be copied is continued in place', (t) => {
  const { folder, file, output } = log(t);
  mkdirSync(path.join(folder, 'a.log.new'));
  const stream = rotatingLog(output, file, { bytes: 10, files: 2 });
  stream.write('more than ten letters\n');
  stream.write('and more\n');
  t.is(textOf(file), 'more than ten letters\nand more\n');
  rmdirSync(path.join(folder, 'a.log.new'));
  stream.write('and it works again\n');
  t.is(textOf(file), '');
  t.regex(textOf(`${file}.1`), /^more than [\s\S]* again\n$/);
});

test('a descriptor is known by the file behind it', (t) => {
  const { folder, file, descriptor } = log(t);
  t.true(isOpenAs(descriptor, file));
  t.false(isOpenAs(descriptor, path.join(folder, 'other.log')));
  writeFileSync(path.join(folder, 'other.log'), '');
  t.false(isOpenAs(descriptor, path.join(folder, 'other.log')));
});

test('logs of daemons that ended long ago go, with their older parts', (t) => {
  const { folder } = log(t);
  const hours = (file: string, age: number) => {
    const then = Date.now() / 1000 - age * 3600;
    writeFileSync(path.join(folder, file), '');
    utimesSync(path.join(folder, file), then, then);
  };
  for (const [name, age] of [
    ['new.log', 1],
    ['b.log', 50],
    ['c.log', 60],
    ['c.log.1', 61],
    ['living.log', 99],
    ['c.log-x.log', 1],
  ] as const) {
    hours(name, age);
  }
  pruneLogs({
    folder,
    pattern: /\.log$/,
    inUse: [path.join(folder, 'living.log')],
    keep: 4,
    minAgeMs: 86_400_000,
  });
  t.deepEqual(readdirSync(folder).sort(), ['a.log', 'b.log', 'c.log-x.log', 'living.log', 'new.log']);
});
