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
