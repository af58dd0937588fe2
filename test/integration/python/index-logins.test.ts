import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { causeLine } from '../../../src/errors.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { type ForeignIndex, foreignIndex, redirectingIndex } from '../../support/foreign-index.js';
import { packageIndex } from '../../support/package-index.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const LOGIN = 'me:s3cret-login';
const SENT = `Basic ${Buffer.from(LOGIN).toString('base64')}`;
const NAMED = { UV_INDEX_INTERNAL_USERNAME: 'me', UV_INDEX_INTERNAL_PASSWORD: 's3cret-login' };

interface Scene {
  packages?: string[];
  env?: Record<string, string>;
  /** Text of the project's file. */
  project?: string;
  netrc?: string;
  hosts?: string[];
  root?: string;
}

/** Installs as told, whatever comes of it: the foreign index has no packages. */
async function install(t: ExecutionContext, tool: 'pip' | 'uv', scene: Scene): Promise<string[]> {
  const root = scene.root ?? temporaryFolder(t);
  const repository = path.join(root, 'repository');
  mkdirSync(path.join(root, 'home'), { recursive: true });
  mkdirSync(repository, { recursive: true });
  if (scene.project !== undefined) writeFileSync(path.join(repository, 'pyproject.toml'), scene.project);
  if (scene.netrc !== undefined)
    writeFileSync(path.join(root, 'home', '.netrc'), scene.netrc, { mode: 0o600 });
  const { request, lines } = environmentRequest(t, {
    root,
    packages: scene.packages ?? [],
    ...(tool === 'uv' ? { programs: [path.dirname(await pythonTool('uv'))] } : {}),
    ...(scene.project === undefined ? {} : { repository }),
    agent: {
      package_manager: { type: scene.project === undefined ? 'pip' : 'uv', engine: tool, pip_version: [] },
      git: { credential_hosts: scene.hosts ?? [] },
    },
    env: {
      PIP_CONFIG_FILE: '/dev/null',
      PIP_FIND_LINKS: process.env.PIP_FIND_LINKS,
      PIP_RETRIES: '0',
      UV_NO_CACHE: '1',
      ...scene.env,
    },
  });
  await prepareEnvironment(request).catch((error: unknown) => t.log(causeLine(error)));
  return lines.filter((line) => line.includes('credential_hosts'));
}

/** Tasks that name another index, on a machine whose `.netrc` has a login for every host. */
async function netrcRuns(t: ExecutionContext, tool: 'pip' | 'uv') {
  const own = await packageIndex(t, [{ name: 'beta', version: '1.0' }], { login: false });
  return (foreign: ForeignIndex, scene: Scene): Promise<string[]> =>
    install(t, tool, {
      netrc: 'machine x.example login a password b\ndefault login me password s3cret-login\n',
      env: { PIP_INDEX_URL: own.url },
      packages: [`--extra-index-url ${foreign.url}`, 'beta'],
      ...scene,
    });
}

const project = ({ url }: ForeignIndex): string =>
  `[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["beta"]\n` +
  `[[tool.uv.index]]\nname = "internal"\nurl = "${url}"\n`;

for (const tool of ['pip', 'uv'] as const) {
  test(`the login of an index of the agent goes to no index that a task names: ${tool}`, async (t) => {
    const own = await packageIndex(t, [{ name: 'beta', version: '1.0' }], { login: false });
    const others = await Promise.all([foreignIndex(t), foreignIndex(t, '127.0.0.1')]);
    await install(t, tool, {
      packages: [...others.map(({ url }) => `--extra-index-url ${url}`), 'beta'],
      env: { PIP_INDEX_URL: own.url.replace('//', `//${LOGIN}@`) },
    });
    for (const { logins } of others) {
      t.true(logins.length > 0);
      t.true(
        logins.every((login) => login === ''),
        logins.join(),
      );
    }
  });

  test(`a redirect to another host takes no login along: ${tool}`, async (t) => {
    const foreign = await foreignIndex(t);
    const own = await redirectingIndex(t, foreign.url);
    await install(t, tool, { packages: ['beta'], env: { PIP_INDEX_URL: `http://${LOGIN}@${own}` } });
    t.true(foreign.logins.length > 0);
    t.true(foreign.logins.every((login) => login === ''));
  });

  test(`the default entry of a .netrc goes to hosts that are listed: ${tool}`, async (t) => {
    const [kept, listed] = await Promise.all([foreignIndex(t), foreignIndex(t)]);
    const run = await netrcRuns(t, tool);
    const withheld = await run(kept, { hosts: ['github.com'] });
    t.true(kept.logins.length > 0 && kept.logins.every((login) => login === ''));
    t.is(withheld.filter((line) => line.includes(`not sent to ${kept.host}`)).length, 1, withheld.join('\n'));
    t.deepEqual(await run(listed, { hosts: [listed.host] }), []);
    t.true(listed.logins.includes(SENT));
  });

  test(`the default entry of a .netrc goes to all hosts with one warning while none is listed: ${tool}`, async (t) => {
    const any = await foreignIndex(t);
    const run = await netrcRuns(t, tool);
    const root = temporaryFolder(t);
    const warnings = [await run(any, { root }), await run(any, { root })].flat();
    t.true(any.logins.includes(SENT));
    t.is(warnings.length, 1, warnings.join('\n'));
    t.true(warnings[0]?.includes(`may go to ${any.host}, which a task names`));
  });
}

test('a task that gives the name of an index to its own host gets the login of that name only where it is listed', async (t) => {
  const [kept, listed, any] = await Promise.all([foreignIndex(t), foreignIndex(t), foreignIndex(t)]);
  const run = (foreign: ForeignIndex, scene: Scene) =>
    install(t, 'uv', { project: project(foreign), env: NAMED, ...scene });
  const withheld = await run(kept, { hosts: ['github.com'] });
  t.true(kept.logins.length > 0 && kept.logins.every((login) => login === ''), kept.logins.join());
  t.regex(withheld.join('\n'), /^UV_INDEX_INTERNAL_USERNAME, UV_INDEX_INTERNAL_PASSWORD: not sent to /);
  t.deepEqual(await run(listed, { hosts: ['127.0.0.2'] }), []);
  t.true(listed.logins.includes(SENT));
  const root = temporaryFolder(t);
  const warnings = [await run(any, { root }), await run(any, { root })].flat();
  t.true(any.logins.includes(SENT));
  t.is(warnings.length, 1, warnings.join('\n'));
  t.regex(warnings[0] ?? '', /^UV_INDEX_INTERNAL_USERNAME, UV_INDEX_INTERNAL_PASSWORD may go to /);
});

test('a list cannot name an index to get the login of that name', async (t) => {
  const foreign = await foreignIndex(t);
  await install(t, 'uv', {
    packages: [`--extra-index-url internal=${foreign.url}`, 'beta'],
    env: NAMED,
  });
  t.true(foreign.logins.length > 0);
  t.true(
    foreign.logins.every((login) => login === ''),
    foreign.logins.join(),
  );
});

test('an index of the agent itself gets its login silently', async (t) => {
  const own = await foreignIndex(t);
  const warnings = await install(t, 'uv', {
    packages: ['beta'],
    env: { ...NAMED, UV_INDEX: `internal=${own.url}` },
    hosts: ['github.com'],
  });
  t.deepEqual(warnings, []);
  t.true(own.logins.includes(SENT));
});
