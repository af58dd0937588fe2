import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { AgentLogger } from '../../../src/logs/logger.js';
import { BackgroundWork } from '../../../src/task/background-work.js';

function background(): { work: BackgroundWork; warnings: string[] } {
  const warnings: string[] = [];
  const logger: AgentLogger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (text) => warnings.push(text),
    error: () => undefined,
    echo: () => undefined,
    child: () => logger,
  };
  return { work: new BackgroundWork(logger), warnings };
}

test('the end waits for the work in progress and for the work that it starts', async (t) => {
  const { work, warnings } = background();
  const done: string[] = [];
  work.start(async () => {
    await sleep(20);
    done.push('first');
    work.start(async (signal) => {
      await sleep(20, undefined, { signal });
      done.push('second');
    });
  });
  await work.end({ hurry: false });
  t.deepEqual(done, ['first', 'second']);
  t.deepEqual(warnings, []);
});

test('in a hurry it is told to end at once, and its errors cause no warning', async (t) => {
  const { work, warnings } = background();
  const begun = performance.now();
  work.start((signal) => sleep(60_000, undefined, { signal }));
  await work.end({ hurry: true });
  t.true(performance.now() - begun < 5000);
  t.deepEqual(warnings, []);
});

test('what fails is a warning and nothing else', async (t) => {
  const { work, warnings } = background();
  work.start(() => Promise.reject(new Error('disk full')));
  await work.end({ hurry: false });
  t.deepEqual(warnings, ['disk full']);
});
