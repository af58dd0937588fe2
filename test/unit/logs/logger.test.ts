import { PassThrough, Writable } from 'node:stream';
import test from 'ava';
import { createLogger } from '../../../src/logs/logger.js';
import { Redactor } from '../../../src/secrets/redactor.js';

const now = () => new Date('2026-01-02T03:04:05.678Z');

function textOf(stream: PassThrough): string {
  return String(stream.read() ?? '');
}

test('lines have time and level where no terminal reads them', (t) => {
  const stream = new PassThrough();
  const logger = createLogger({ stream, redactor: new Redactor(['s3cret']), now });
  logger.debug('left out');
  logger.info('hello s3cret');
  logger.warn('careful');
  t.is(
    textOf(stream),
    '2026-01-02T03:04:05.678Z INFO    hello ********\n2026-01-02T03:04:05.678Z WARNING careful\n',
  );
});

test('a terminal gets the message alone, in colour where it matters', (t) => {
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  const logger = createLogger({ stream, redactor: new Redactor(), level: 'DEBUG', now });
  logger.debug('detail');
  logger.error('broken');
  t.is(textOf(stream), 'detail\n\u001b[31mbroken\u001b[0m\n');
});

test('a message never stands in the middle of a task’s line', (t) => {
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  const logger = createLogger({ stream, redactor: new Redactor(), now });
  logger.echo('10%');
  logger.info('hello');
  logger.echo('20%\n');
  logger.info('there');
  t.is(textOf(stream), '10%\nhello\n20%\nthere\n');
});

test('an output whose reader went away stops nothing', async (t) => {
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      written.push(String(chunk));
      done(new Error('EPIPE'));
    },
  });
  const logger = createLogger({ stream, redactor: new Redactor(), now });
  logger.info('one');
  await new Promise((resolve) => setImmediate(resolve));
  t.notThrows(() => logger.info('two'));
  t.is(written.length, 1);
});

test('text names the task of a line that does not name it', (t) => {
  const stream = new PassThrough();
  const logger = createLogger({ stream, redactor: new Redactor(), now }).child({ task: 'a1b2' });
  logger.info('its image is pulled');
  logger.info('task a1b2: attached again');
  t.is(
    textOf(stream),
    '2026-01-02T03:04:05.678Z INFO    task a1b2: its image is pulled\n' +
      '2026-01-02T03:04:05.678Z INFO    task a1b2: attached again\n',
  );
});

function jsonLogger() {
  // A terminal changes nothing: whoever asks for JSON gets it.
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  const redactor = new Redactor(['s3cret"quoted']);
  const logger = createLogger({ stream, redactor, format: 'json', facts: { worker: 'box' }, now });
  const lines = () =>
    textOf(stream)
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  return { logger, lines };
}

const time = '2026-01-02T03:04:05.678Z';

test('JSON: one object a line, whatever the message holds', (t) => {
  const { logger, lines } = jsonLogger();
  logger.error('two\nlines with s3cret"quoted');
  logger.debug('left out');
  t.deepEqual(lines(), [{ time, level: 'ERROR', worker: 'box', message: 'two\nlines with ********' }]);
});

test('JSON: the task of a line is a field of it, with and without a logger of its own', (t) => {
  const { logger, lines } = jsonLogger();
  logger.warn('task a1b2: is in no queue');
  const own = logger.child({ worker: 'box:0', task: 'c3d4' });
  own.info('task c3d4: attached again');
  own.info('its image is pulled');
  own.info('task a1b2: stands in the message alone');
  t.deepEqual(lines(), [
    { time, level: 'WARNING', worker: 'box', task: 'a1b2', message: 'is in no queue' },
    { time, level: 'INFO', worker: 'box:0', task: 'c3d4', message: 'attached again' },
    { time, level: 'INFO', worker: 'box:0', task: 'c3d4', message: 'its image is pulled' },
    { time, level: 'INFO', worker: 'box:0', task: 'c3d4', message: 'task a1b2: stands in the message alone' },
  ]);
});

test('JSON: a console that comes in pieces becomes whole lines of its task', (t) => {
  const { logger, lines } = jsonLogger();
  const [one, other] = [logger.child({ task: 'a1' }), logger.child({ task: 'b2' })];
  one.echo('10%');
  other.echo('task a1: hello\n');
  one.echo(' done\nno end');
  one.info('ended');
  logger.child({ task: 'c3', silent: true }).echo('left out\n');
  const line = (task: string, message: string) => {
    return { time, level: 'INFO', worker: 'box', task, source: 'task', message };
  };
  t.deepEqual(lines(), [
    line('b2', 'task a1: hello'),
    line('a1', '10% done'),
    line('a1', 'no end'),
    { time, level: 'INFO', worker: 'box', task: 'a1', message: 'ended' },
  ]);
});
