import test from 'ava';
import { installError } from '../../../src/python/install/install-failure.js';

test('the retries of pip do not stand between the cause and the hint', (t) => {
  const retry = (left: number) =>
    `WARNING: Retrying (Retry(total=${left}, connect=None, read=None, redirect=None, status=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPConnection object>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/beta/`;
  const verdict = [
    'ERROR: Could not find a version that satisfies the requirement beta (from versions: none)',
    'ERROR: No matching distribution found for beta',
  ];
  const error = installError({
    tool: 'pip',
    output: ['Looking in indexes: http://127.0.0.1:1/simple', ...[4, 3, 2, 1, 0].map(retry), ...verdict].join(
      '\n',
    ),
    exitCode: 1,
    what: 'beta',
    python: 'Python 3.11.7',
  });
  t.regex(error.message, /^pip cannot install beta: the package index cannot be reached: /);
  t.is(error.detail, verdict.join('\n'));
});
