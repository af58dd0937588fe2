import test from 'ava';
import fc from 'fast-check';
import { ApiError, ConnectionError } from '../../../src/api/errors.js';
import { meansAway, parseRetryAfter, type RetryMode, retryDelay } from '../../../src/api/retry.js';
import { backoffDelay } from '../../../src/os/backoff.js';

const POLICY = {
  backoff: { baseMs: 1000, capMs: 120_000, floorMs: 100 },
  boundedRetries: 4,
  extraStatuses: [418],
};

function answer(status: number, subcode = 0, retryAfterMs?: number): ApiError {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ApiError({ endpoint: 'a.b', status, subcode, message: 'no', ...wait });
}

const broken = new ConnectionError('broken', { maybeDone: true });
const untrusted = new ConnectionError('certificate', { maybeDone: false, lasting: true });

const CASES: readonly [what: string, error: unknown, failures: number, mode: RetryMode, repeated: boolean][] =
  [
    ['a broken connection', broken, 1000, 'forever', true],
    ['a broken connection, bounded', broken, 4, 'bounded', true],
    ['a broken connection, once too often', broken, 5, 'bounded', false],
    ['a single attempt', broken, 1, 'none', false],
    ['a certificate that is not trusted', untrusted, 1, 'forever', false],
    ['429', answer(429), 1000, 'forever', true],
    ['502', answer(502), 1000, 'forever', true],
    ['503', answer(503), 1000, 'forever', true],
    ['a status of the configuration', answer(418), 1000, 'forever', true],
    ['500, at first', answer(500, 1), 8, 'forever', true],
    ['500 that stays', answer(500, 1), 9, 'forever', false],
    ['400', answer(400, 101), 1, 'forever', false],
    ['401', answer(401, 30), 1, 'forever', false],
    ['404', answer(404), 1, 'forever', false],
    ['a bug of ours', new TypeError('x'), 1, 'forever', false],
  ];

for (const [what, error, failures, mode, repeated] of CASES) {
  test(`${what}: ${repeated ? 'repeated' : 'thrown'}`, (t) => {
    t.is(retryDelay(error, failures, { mode, policy: POLICY, random: () => 0.5 }) !== undefined, repeated);
  });
}

test('waits are random, grow, and stay between floor and cap', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, luck) => {
          const delay = backoffDelay(failures, POLICY.backoff, () => luck);
          return delay >= 100 && delay <= Math.min(120_000, 1000 * 2 ** Math.min(failures - 1, 30));
        },
      ),
    ),
  );
  t.deepEqual(
    [1, 2, 3, 4, 20].map((failures) => backoffDelay(failures, POLICY.backoff, () => 0.5)),
    [500, 1000, 2000, 4000, 60_000],
  );
});

test('a wait that the server asks for is kept, with a little added', (t) => {
  const delay = retryDelay(answer(429, 0, 7000), 1, { mode: 'forever', policy: POLICY, random: () => 0.5 });
  t.is(delay, 7500);
});

const NOW = Date.parse('2026-01-02T03:04:05Z');
const HEADERS: readonly [header: string | undefined, ms: number | undefined][] = [
  ['5', 5000],
  ['0', 0],
  ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ['soon', undefined],
  ['-3', undefined],
  ['', undefined],
  [undefined, undefined],
];

for (const [header, ms] of HEADERS) {
  test(`Retry-After: ${header}`, (t) => t.is(parseRetryAfter(header, NOW), ms));
}

test('only connections and gateways say that the server is away', (t) => {
  t.deepEqual([broken, answer(503), answer(502), answer(500), answer(429), answer(400)].map(meansAway), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
