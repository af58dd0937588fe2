import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { packageIndex } from '../../support/package-index.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PACKAGES = [
  { name: 'alpha-one', version: '1.0' },
  { name: 'alpha-one', version: '2.0' },
  { name: 'beta', version: '1.0', requires: ['alpha-one'] },
];

test('each common failure has one cause line', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: true });
  const down = await closedPort();
  const table: [packages: string[], url: string, cause: RegExp][] = [
    [
      ['alpha-one==9'],
      index.urlWithLogin,
      /^pip cannot install alpha-one==9: no version of alpha-one==9 for Python \S+; available: 1\.0, 2\.0$/,
    ],
    [
      ['gamma'],
      index.urlWithLogin,
      /^pip cannot install gamma: no package index has gamma for Python \S+: the name is wrong/,
    ],
    [
      ['beta'],
      index.url,
      /^pip cannot install beta: no package index has beta for Python \S+: .* or refuses the login$/,
    ],
    [
      ['beta'],
      `http://127.0.0.1:${down}/simple/`,
      /^pip cannot install beta: the package index cannot be reached: /,
    ],
    [
      ['numpy=1.26'],
      index.urlWithLogin,
      /^pip cannot install numpy=1.26: a line of the requirements cannot be read: /,
    ],
  ];
  const root = temporaryFolder(t);
  for (const [at, [packages, url, cause]] of table.entries()) {
    const { request } = environmentRequest(t, {
      root,
      name: String(at),
      packages,
      agent: { package_manager: { engine: 'pip' } },
      env: { PIP_INDEX_URL: url, PIP_FIND_LINKS: undefined, PIP_RETRIES: '1' },
    });
    const error = await t.throwsAsync(prepareEnvironment(request));
    t.true(isAgentError(error, 'REQUIREMENTS_INSTALL'));
    t.regex(error?.message ?? '', cause);
  }
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
