import test from 'ava';
import { escapeForServer, resolveName } from '../../../src/api/resolve-name.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

const QUEUES = [
  { id: 'a'.repeat(32), name: 'default' },
  { id: 'b'.repeat(32), name: 'gpu' },
  { id: 'c'.repeat(32), name: 'GPU' },
  { id: 'd'.repeat(32), name: 'default-2' },
];

/** Finds as the server does: a regular expression anywhere in the name. */
const lookup = {
  kind: 'queue' as const,
  getAll: async ({ name }: { name: string }) =>
    QUEUES.filter((queue) => new RegExp(name, 'i').test(queue.name)),
};

test('a name becomes its id, whatever its letters', async (t) => {
  t.is(await resolveName('Default', lookup), 'a'.repeat(32));
});

test('an id is used unchanged', async (t) => {
  t.is(await resolveName('0123456789abcdef-0123456789abcd', lookup), '0123456789abcdef-0123456789abcd');
});

test('a name that several have is refused with their ids', async (t) => {
  const error = await t.throwsAsync(resolveName('gpu', lookup), { code: 'QUEUE_NOT_FOUND' });
  t.is(error.message, '2 queues are named "gpu"');
  t.is('hint' in error && error.hint, `Use the id of one of them: ${'b'.repeat(32)}, ${'c'.repeat(32)}.`);
});

test('an unknown name is refused with what is similar', async (t) => {
  const error = await t.throwsAsync(resolveName('defa', lookup), { code: 'QUEUE_NOT_FOUND' });
  t.regex(error.message, troubleshootingLine('queue-unknown', { queue: 'defa' }));
  t.true('hint' in error && String(error.hint).includes('"default-2"'));
});

test('names go to the server as Python escapes them', (t) => {
  t.is(escapeForServer('a-b c.d_e/f(1)'), 'a\\-b\\ c\\.d_e/f\\(1\\)');
});
