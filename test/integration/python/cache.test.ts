import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../../src/os/exec.js';
import { withLock } from '../../../src/os/lock.js';
import { listEnvironments, pruneEnvironments } from '../../../src/python/cache/cache-collection.js';
import { EnvironmentCache } from '../../../src/python/cache/environment-cache.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const ENV = { PATH: process.env.PATH };
const NO_LIMITS = { maxEntries: 100, maxBytes: undefined, freeBytes: 0 };

/** An environment as a build leaves it, small. */
function built(folder: string): { folder: string; inside: string } {
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  mkdirSync(path.join(folder, 'lib', 'python3.11', 'site-packages'), { recursive: true });
  writeFileSync(
    path.join(folder, 'pyvenv.cfg'),
    `home = /usr/bin\ncommand = /usr/bin/python3 -m venv ${folder}\n`,
  );
  writeFileSync(path.join(folder, 'bin', 'tool'), `#!${folder}/bin/python\nprint()\n`, { mode: 0o755 });
  writeFileSync(path.join(folder, 'lib', 'python3.11', 'site-packages', 'module.py'), 'VALUE = 1\n');
  return { folder, inside: folder };
}

async function cacheWith(
  t: ExecutionContext,
  keys: string[],
): Promise<{ cache: EnvironmentCache; root: string }> {
  const root = temporaryFolder(t);
  const cache = new EnvironmentCache({ folder: path.join(root, 'cache'), env: ENV });
  for (const [at, key] of keys.entries()) {
    const source = built(path.join(root, 'runs', key));
    const facts = { sysPath: [`${source.inside}/lib`], packages: [], tool: 'pip', summary: key } as const;
    t.true(await cache.store(key, source, { ...facts, sysPath: [...facts.sysPath], packages: [] }));
    utimesSync(cache.entryFolder(key), new Date(2020, 0, at + 1), new Date(2020, 0, at + 1));
  }
  return { cache, root };
}

test('what is handed out carries its own path and shares no file that is rewritten', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  const target = path.join(root, 'copy');
  const given = await cache.handOut('one', { folder: target, inside: '/inside/copy' });
  if (given.kind !== 'given') return t.fail(given.kind);
  t.is(readFileSync(path.join(target, 'bin', 'tool'), 'utf8'), '#!/inside/copy/bin/python\nprint()\n');
  t.deepEqual(given.facts.sysPath, ['/inside/copy/lib']);
  writeFileSync(path.join(target, 'bin', 'tool'), 'changed');
  writeFileSync(path.join(root, 'runs', 'one', 'bin', 'tool'), 'changed');
  t.is((await cache.handOut('one', { folder: path.join(root, 'second'), inside: '/x' })).kind, 'given');
});

test('an entry that was changed in place is not handed out', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  const module = ['lib', 'python3.11', 'site-packages', 'module.py'];
  writeFileSync(path.join(root, 'runs', 'one', ...module), 'VALUE = 2\n');
  const target = path.join(root, 'copy');
  t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'changed');
  t.false(existsSync(target));
  t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'absent');
});

/** Changes to what Python runs at its start, in an entry, with the time of files put back. */
const START_CHANGES: readonly [name: string, change: (site: string) => void][] = [
  ['a new .pth file', (site) => writeFileSync(path.join(site, 'evil.pth'), 'import os\n')],
  ['sitecustomize', (site) => writeFileSync(path.join(site, 'sitecustomize.py'), '')],
  ['a program of bin', (site) => writeFileSync(path.join(site, '../../../bin/tool'), '#!/bin/evil\n')],
];

for (const [name, change] of START_CHANGES)
  test(`what runs at start is checked by content: ${name}`, async (t) => {
    const { cache, root } = await cacheWith(t, ['one']);
    const entry = path.join(cache.entryFolder('one'), 'environment');
    change(path.join(entry, 'lib', 'python3.11', 'site-packages'));
    const past = new Date(Date.now() - 3_600_000);
    for (const file of readdirSync(entry, { recursive: true, encoding: 'utf8' }))
      utimesSync(path.join(entry, file), past, past);
    const target = path.join(root, 'copy');
    t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'changed');
  });

test('compiled modules that are added later are no change', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  const folder = path.join(cache.entryFolder('one'), 'environment', 'lib', '__pycache__');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'module.cpython-311.pyc'), 'x');
  const target = path.join(root, 'copy');
  t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'given');
});

test('the cache ignores an entry without its description, as a power cut may leave it', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  writeFileSync(path.join(cache.entryFolder('one'), 'entry.json'), '');
  t.is((await cache.handOut('one', { folder: path.join(root, 'copy'), inside: '/x' })).kind, 'absent');
});

test('the next copy is made in advance, taken by one task, and gone with the entry', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  const spare = path.join(cache.entryFolder('one'), 'spare');
  const { signal } = new AbortController();
  await Promise.all([cache.prepareSpare('one', signal), cache.prepareSpare('one', signal)]);
  const { ino } = statSync(spare);
  const [first, second] = [path.join(root, 'a', 'first'), path.join(root, 'a', 'second')];
  for (const target of [first, second]) {
    t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'given');
    t.is(readFileSync(path.join(target, 'bin', 'tool'), 'utf8').split('\n')[0], `#!${target}/bin/python`);
  }
  t.is(statSync(first).ino, ino);
  t.false(existsSync(spare));
  await cache.prepareSpare('one', signal);
  await cache.remove('one');
  await cache.prepareSpare('one', signal);
  t.false(existsSync(spare));
  t.deepEqual(readdirSync(cache.temporaryFolder), []);
});

test('a copy made in advance is not handed out after its entry was changed in place', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  await cache.prepareSpare('one', new AbortController().signal);
  writeFileSync(
    path.join(root, 'runs', 'one', 'lib', 'python3.11', 'site-packages', 'module.py'),
    'VALUE = 2\n',
  );
  const target = path.join(root, 'copy');
  t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'changed');
  t.false(existsSync(target));
  t.false(existsSync(cache.entryFolder('one')));
});

test('an environment is handed out while its modules are being compiled', async (t) => {
  const { cache, root } = await cacheWith(t, ['one']);
  const modules = path.join(cache.entryFolder('one'), 'environment', 'lib', '__pycache__');
  mkdirSync(modules);
  const program = `import os
while True:
    for i in range(300):
        open('new', 'w').close()
        os.replace('new', 'm%d.pyc' % i)`;
  const compiling = new AbortController();
  const { signal } = compiling;
  const compiler = run(['python3', '-c', program], { env: process.env, cwd: modules, signal });
  const ended = compiler.catch(() => 'ended');
  t.teardown(() => compiling.abort());
  await until(() => readdirSync(modules).length >= 300, { what: 'compiled modules', timeoutMs: 20_000 });
  for (let at = 0; at < 40; at += 1) {
    const target = path.join(root, 'copies', String(at));
    t.is((await cache.handOut('one', { folder: target, inside: target })).kind, 'given');
  }
  compiling.abort();
  t.is(await ended, 'ended');
});

test('what is over the limits goes, the oldest first, and a dry run says the same', async (t) => {
  const { cache } = await cacheWith(t, ['old', 'middle', 'new']);
  t.deepEqual(
    (await listEnvironments(cache, ENV)).map(({ key }) => key),
    ['new', 'middle', 'old'],
  );
  const limits = { ...NO_LIMITS, maxEntries: 2 };
  const planned = await pruneEnvironments(cache, limits, { dryRun: true, env: ENV });
  t.deepEqual(
    planned.map(({ environment, why }) => [environment.key, why]),
    [['old', 'more than 2 environments']],
  );
  t.true(existsSync(cache.entryFolder('old')));
  const removed = await pruneEnvironments(cache, limits, { env: ENV });
  t.deepEqual(
    removed.map(({ environment }) => environment.key),
    ['old'],
  );
  t.false(existsSync(cache.entryFolder('old')));
});

test('an environment in use stays, and what a dead process left half-made goes', async (t) => {
  const { cache } = await cacheWith(t, ['one']);
  const leftover = path.join(cache.temporaryFolder, '999999999.abcd');
  const living = path.join(cache.temporaryFolder, `${process.pid}.abcd`);
  mkdirSync(leftover, { recursive: true });
  mkdirSync(living, { recursive: true });
  await withLock(cache.lockFile('one'), { timeoutMs: 0, what: 'the test' }, async () => {
    t.deepEqual(await pruneEnvironments(cache, { ...NO_LIMITS, maxEntries: 0 }, { env: ENV }), []);
  });
  t.true(existsSync(cache.entryFolder('one')));
  t.false(existsSync(leftover));
  t.true(existsSync(living));
});
