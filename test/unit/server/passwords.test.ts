import test from 'ava';
import { Passwords } from '../../../src/server/auth/passwords.js';

test('after the death of its thread a check fails, and the next one gets another thread', async (t) => {
  t.timeout(60_000);
  const passwords = new Passwords();
  t.teardown(() => passwords.close());
  // bcrypt throws for a hash of the right length that is none, which ends the thread.
  const broken = { hash: Buffer.from('x'.repeat(60)).toString('base64') };
  await t.throwsAsync(passwords.check('secret', broken), { message: /thread .* ended/ });
  const [stored, failed] = await Promise.allSettled([
    passwords.hash('secret'),
    passwords.check('secret', broken),
  ]);
  t.is(failed.status, 'rejected');
  if (stored.status === 'rejected') throw stored.reason;
  t.true(await passwords.check('secret', stored.value));
  t.false(await passwords.check('other', stored.value));
});
