import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import type { Finding } from '../../../src/cli/doctor/check.js';
import { tlsCheck } from '../../../src/cli/doctor/tls-check.js';
import { loadConfig } from '../../../src/config/load.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** `server` and `expired` are signed by the authority, `below` by one below it, `stranger` is for another name. */
const FOLDER = path.join(import.meta.dirname, '../../fixtures/tls-chain');
const pem = (name: string) => path.join(FOLDER, `${name}.pem`);
const key = readFileSync(pem('key'));

interface Case {
  certificate: string;
  env?: Record<string, string>;
  host?: string;
}

async function check(t: ExecutionContext, { certificate, env = {}, host = '127.0.0.1' }: Case) {
  const server = tls.createServer({ cert: readFileSync(pem(certificate)), key });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const credentials = { CLEARML_API_ACCESS_KEY: 'KEY', CLEARML_API_SECRET_KEY: 'SECRET' };
  const home = temporaryFolder(t);
  const config = loadConfig({
    env: { CLEARML_API_HOST: `https://${host}:${port}`, ...credentials, ...env },
    home,
  });
  const signal = AbortSignal.timeout(10_000);
  const connection = () => Promise.reject(new Error('not asked for'));
  return tlsCheck.run({ config, home, queues: [], repository: undefined, connection, signal });
}

const PRIVATE = { REQUESTS_CA_BUNDLE: pem('authority') };

const CASES: [title: string, given: Case, expected: [Finding['state'], RegExp, RegExp?][]][] = [
  [
    'a private authority that is named',
    { certificate: 'server', env: PRIVATE },
    [['ok', /^127\.0\.0\.1 is signed by Private test authority, authorities of REQUESTS_CA_BUNDLE$/]],
  ],
  [
    'a host that is a name',
    { certificate: 'server', env: PRIVATE, host: 'localhost' },
    [['ok', /is signed by Private test authority/]],
  ],
  [
    'a private authority that is not named',
    { certificate: 'server' },
    [
      [
        'problem',
        /^the certificate of 127\.0\.0\.1:\d+ is not trusted: its authority is not a known one/,
        /REQUESTS_CA_BUNDLE/,
      ],
    ],
  ],
  [
    'a chain that the server does not send whole',
    { certificate: 'below', env: PRIVATE },
    [
      [
        'problem',
        /does not send the certificates in between \(signed by Private test intermediate\)$/,
        /whole chain/,
      ],
    ],
  ],
  [
    'a certificate that has ended',
    { certificate: 'expired', env: PRIVATE },
    [['problem', /is not trusted: it has ended \(signed by/, /^Renew it/]],
  ],
  [
    'a certificate for another name',
    { certificate: 'stranger', env: PRIVATE },
    [['problem', /is not trusted: it is for other\.example$/, /api\.api_server/]],
  ],
  [
    'checking switched off',
    { certificate: 'server', env: { CLEARML_API_HOST_VERIFY_CERT: 'no' } },
    [['warning', /^certificates are not checked, and this one would be refused: its authority/]],
  ],
];

for (const [title, given, expected] of CASES) {
  test(title, async (t) => {
    const findings = await check(t, given);
    t.is(findings.length, expected.length);
    for (const [index, [state, text, fix]] of expected.entries()) {
      t.is(findings[index]?.state, state);
      t.regex(findings[index]?.text ?? '', text);
      if (fix !== undefined) t.regex(findings[index]?.fix ?? '', fix);
    }
  });
}

test('a port where nothing listens is named', async (t) => {
  const error = await t.throwsAsync(
    tlsCheck.run({
      config: loadConfig({
        env: { CLEARML_API_HOST: 'https://127.0.0.1:1', CLEARML_AUTH_TOKEN: 'x' },
        home: FOLDER,
      }),
      home: FOLDER,
      queues: [],
      repository: undefined,
      connection: () => Promise.reject(new Error('not asked for')),
      signal: AbortSignal.timeout(10_000),
    }),
  );
  t.regex(error.message, /^no TLS connection to 127\.0\.0\.1:1: connect ECONNREFUSED/);
});
