import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import test from 'ava';
import type { ConfigTree } from '../../../src/config/config.js';
import type { Place } from '../../../src/drivers/driver.js';
import { isAgentError } from '../../../src/errors.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { INDEX_LOGIN, packageIndex } from '../../support/package-index.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

const PACKAGES = [
  { name: 'alpha-one', version: '1.0' },
  { name: 'alpha-one', version: '2.0' },
  { name: 'beta', version: '1.0', requires: ['alpha-one'] },
  { name: 'strict', version: '1.0', requires: ['alpha-one==1.0'] },
];
/** The newest resolver says what contradicts what. */
const PIP = { package_manager: { engine: 'pip', pip_legacy_resolver: ['<1'] } };

interface Failure {
  row: string;
  packages: string[];
  url: string;
  values?: Record<string, string>;
}

test('each common failure has one cause line, and harms nothing', async (t) => {
  t.timeout(150_000);
  const index = await packageIndex(t, PACKAGES, { login: true });
  const down = await closedPort();
  const root = temporaryFolder(t);
  const broken = brokenProject(path.join(root, 'broken'));
  const table: Failure[] = [
    {
      row: 'package-version-missing',
      packages: ['alpha-one==9'],
      url: index.urlWithLogin,
      values: { tool: 'pip', requirement: 'alpha-one==9', versions: '1.0, 2.0' },
    },
    { row: 'package-missing', packages: ['gamma'], url: index.urlWithLogin, values: { name: 'gamma' } },
    {
      row: 'requirements-in-conflict',
      packages: ['strict', 'alpha-one==2.0'],
      url: index.urlWithLogin,
      values: { tool: 'pip', packages: '2 packages' },
    },
    { row: 'index-down', packages: ['beta'], url: `http://127.0.0.1:${down}/simple/` },
    { row: 'index-wants-a-password', packages: ['beta'], url: index.url, values: { name: 'beta' } },
    {
      row: 'build-fails',
      packages: [broken],
      url: index.urlWithLogin,
      values: { words: 'RuntimeError: no compiler here' },
    },
    {
      row: 'requirement-repository',
      packages: ['x @ git+file:///nonexistent/x.git'],
      url: index.urlWithLogin,
    },
    { row: 'requirement-unreadable', packages: ['numpy=1.26'], url: index.urlWithLogin },
  ];
  const prepare = ({ packages, url }: Pick<Failure, 'packages' | 'url'>, name: string) => {
    const env = { PIP_INDEX_URL: url, PIP_FIND_LINKS: process.env.PIP_FIND_LINKS, PIP_RETRIES: '1' };
    return prepareEnvironment(environmentRequest(t, { root, name, packages, agent: PIP, env }).request);
  };
  for (const { row, values, ...failure } of table) {
    const error = await t.throwsAsync(prepare(failure, row));
    t.true(isAgentError(error, 'REQUIREMENTS_INSTALL'));
    t.regex(error?.message ?? '', troubleshootingLine(row, values));
    t.false(JSON.stringify(error).includes(INDEX_LOGIN.password), row);
  }
  const made = await prepare({ packages: ['beta'], url: index.urlWithLogin }, 'next');
  t.deepEqual(made.frozen, ['alpha-one==2.0', 'beta==1.0']);
});

const PINS = ['alpha-one==1.0', 'alpha-one==2.0'];
const OLD_RESOLVER = { pip_version: ['>=20.3'], pip_legacy_resolver: ['>=20.3'] };
const RESOLVERS: [name: string, agent: ConfigTree, withUv: boolean][] = [
  ['pip', PIP.package_manager, false],
  ['the old resolver of pip', { engine: 'pip', ...OLD_RESOLVER }, false],
  ['uv', { engine: 'uv' }, true],
  ['uv, then the old resolver of pip', { engine: 'auto', ...OLD_RESOLVER }, true],
];

for (const [name, package_manager, withUv] of RESOLVERS) {
  test(`two pins of one package contradict each other: ${name}`, async (t) => {
    t.timeout(150_000);
    const index = await packageIndex(t, PACKAGES, { login: false });
    const { request } = environmentRequest(t, {
      packages: PINS,
      agent: { package_manager },
      ...(withUv ? { programs: [path.dirname(await pythonTool('uv'))] } : {}),
      env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: process.env.PIP_FIND_LINKS },
    });
    const error = await t.throwsAsync(prepareEnvironment(request));
    t.true(isAgentError(error, 'REQUIREMENTS_INSTALL'));
    t.regex(error?.message ?? '', /: the requirements contradict each other: alpha-one==1\.0(?: and |,==)/);
  });
}

test('a Python that has nothing to make an environment with says what it lacks', async (t) => {
  const { request } = environmentRequest(t, { packages: ['beta'] });
  const { place } = request;
  const exec: Place['exec'] = async (command, options) => {
    const result = await place.exec(command, options);
    const stdout = result.stdout
      .replace(/"(venv|ensurepip|virtualenv)": true/g, '"$1": false')
      .replace(/"pip": "[^"]*"/, '"pip": null');
    return { ...result, stdout };
  };
  const error = await t.throwsAsync(prepareEnvironment({ ...request, place: { ...place, exec } }));
  t.true(isAgentError(error, 'ENVIRONMENT_CREATE'));
  t.regex(error?.message ?? '', troubleshootingLine('cannot-make-an-environment'));
});

onSmallDisk('a disk that is full while packages are installed is named', async (t) => {
  const index = await packageIndex(t, [{ name: 'large', version: '1.0', value: 'x'.repeat(12_000_000) }], {
    login: false,
  });
  const root = smallDisk(t, 28);
  const { request } = environmentRequest(t, {
    root,
    packages: ['large'],
    agent: PIP,
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: process.env.PIP_FIND_LINKS },
  });
  const error = await t.throwsAsync(prepareEnvironment(request));
  t.true(isAgentError(error, 'DISK_FULL'));
  t.regex(error?.message ?? '', troubleshootingLine('disk-full-during-installation'));
});

/** A package whose metadata can be had and whose build fails. */
function brokenProject(folder: string): string {
  mkdirSync(folder);
  const system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n';
  writeFileSync(path.join(folder, 'pyproject.toml'), system);
  writeFileSync(
    path.join(folder, 'backend.py'),
    `import os
def prepare_metadata_for_build_wheel(folder, settings=None):
    os.mkdir(os.path.join(folder, 'broken-1.0.dist-info'))
    with open(os.path.join(folder, 'broken-1.0.dist-info', 'METADATA'), 'w') as file:
        file.write('Metadata-Version: 2.1\\nName: broken\\nVersion: 1.0\\n')
    return 'broken-1.0.dist-info'
def build_wheel(folder, settings=None, metadata=None):
    raise RuntimeError('no compiler here')
`,
  );
  return folder;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
