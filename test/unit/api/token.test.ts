import test from 'ava';
import { TokenKeeper } from '../../../src/api/token.js';
import { compareVersions, readClaims } from '../../../src/api/token-claims.js';

const NOW = 1_800_000_000_000;

/** A token as the server makes it; seconds from now by the server's clock, which may be another. */
function tokenFor({
  life,
  name = 'x',
  clock = NOW,
}: {
  life: number | undefined;
  name?: string;
  clock?: number;
}): string {
  const issued = Math.floor(clock / 1000);
  const claims = { iat: issued, ...(life === undefined ? {} : { exp: issued + life }), name };
  return `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
}

interface Setup {
  life: number | undefined;
  clock?: number;
  initial?: string;
  fail?: () => boolean;
}

function keeperFor({ life, clock = 0, initial, fail = () => false }: Setup) {
  const time = { now: NOW };
  const logins: (string | undefined)[] = [];
  const keeper = new TokenKeeper({
    thresholdSeconds: 43_200,
    now: () => time.now,
    ...(initial ? { initial } : {}),
    login: async (current) => {
      logins.push(current);
      await Promise.resolve();
      if (fail()) throw new Error('down');
      return tokenFor({ life, name: `t${logins.length}`, clock: time.now + clock });
    },
  });
  return { keeper, time, logins };
}

const HOUR = 3600;
const LIVES: readonly [what: string, life: number, seconds: number, renewed: boolean][] = [
  ['a month, on the first day', 720 * HOUR, 24 * HOUR, false],
  ['a month, 13 hours before its end', 720 * HOUR, 707 * HOUR, false],
  ['a month, 11 hours before its end', 720 * HOUR, 709 * HOUR, true],
  ['an hour, shorter than the threshold, after 30 minutes', HOUR, 1800, false],
  ['an hour, after 50 minutes', HOUR, 3000, true],
  ['a minute, after 40 seconds', 60, 40, false],
];

for (const [what, life, seconds, renewed] of LIVES) {
  test(`a token that lives ${what}: ${renewed ? 'renewed' : 'kept'}`, async (t) => {
    const { keeper, time, logins } = keeperFor({ life });
    await keeper.current();
    time.now += seconds * 1000;
    await keeper.current();
    t.is(logins.length, renewed ? 2 : 1);
  });
}

test('a server whose clock is an hour off does not make every call log in', async (t) => {
  for (const clock of [-HOUR * 1000, HOUR * 1000]) {
    const { keeper, time, logins } = keeperFor({ life: HOUR, clock });
    for (let call = 0; call < 10; call += 1) {
      await keeper.current();
      time.now += 60_000;
    }
    t.is(logins.length, 1);
  }
});

test('calls at the same time share one login', async (t) => {
  const { keeper, logins } = keeperFor({ life: HOUR });
  const tokens = await Promise.all([keeper.current(), keeper.current(), keeper.current()]);
  t.is(logins.length, 1);
  t.is(new Set(tokens.map(({ value }) => value)).size, 1);
  const refused = tokens[0].value;
  const [a, b] = await Promise.all([keeper.replace(refused), keeper.replace(refused)]);
  t.is(logins.length, 2);
  t.is(a.value, b.value);
  t.is((await keeper.replace(refused)).value, a.value);
  t.is(logins.length, 2);
});

test('a token that lives on is used while it cannot be renewed, without asking at every call', async (t) => {
  const down = { now: false };
  const { keeper, time, logins } = keeperFor({ life: HOUR, fail: () => down.now });
  const first = await keeper.current();
  down.now = true;
  time.now += 3000 * 1000;
  for (let call = 0; call < 5; call += 1) t.is((await keeper.current()).value, first.value);
  t.is(logins.length, 2);
  time.now += HOUR * 1000;
  await t.throwsAsync(keeper.current(), { message: 'down' });
});

test('a token that is given is used until it is old, and renewed with itself', async (t) => {
  const initial = tokenFor({ life: HOUR, name: 'given' });
  const { keeper, time, logins } = keeperFor({ life: HOUR, initial });
  t.is((await keeper.current()).value, initial);
  time.now += 3000 * 1000;
  t.not((await keeper.current()).value, initial);
  t.deepEqual(logins, [initial]);
});

test('a token without an end is never renewed', async (t) => {
  const { keeper, time, logins } = keeperFor({ life: undefined });
  await keeper.current();
  time.now += 10_000 * HOUR * 1000;
  await keeper.current();
  t.is(logins.length, 1);
});

test('claims are read without trusting their form', (t) => {
  const claims = {
    api_version: '2.34',
    feature_set: 'basic',
    identity: { user: 'u', role: 'user' },
    exp: 5,
    iat: 'x',
  };
  t.deepEqual(readClaims(`a.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.b`), {
    apiVersion: '2.34',
    featureSet: 'basic',
    user: 'u',
    role: 'user',
    expiresAt: 5,
  });
  t.deepEqual(readClaims('nonsense'), { apiVersion: '2.1', featureSet: 'basic' });
});

test('versions compare by their numbers', (t) => {
  t.true(compareVersions('2.9', '2.13') < 0);
  t.true(compareVersions('2.13', '2.9') > 0);
  t.is(compareVersions('2.0', '2'), 0);
});
