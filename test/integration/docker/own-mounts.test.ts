import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { OwnMount } from '../../../src/container/create-request.js';
import { dockerBench, readOutput } from '../../support/docker-bench.js';
import { sharedEngine } from '../../support/docker-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const engineFor = sharedEngine(test, async (engine) => {
  await engine.makeBusybox('base:1');
  await engine.makeBusybox('named:1', ['USER user']);
});

const USE = `
echo "known $(cat /.ssh/known_hosts) $(cat /.ssh/deep/key)"
mkdir -p /cache/deep && id -u > /cache/deep/file && echo "cache writable"
mkdir /apt/new 2>/dev/null && echo "apt writable"
ls /cache; :`;

/** What a container makes of a folder of keys and two caches. */
async function used(
  t: ExecutionContext,
  folder: string,
  options: { image?: string; args?: readonly string[] },
) {
  t.timeout(120_000);
  const engine = await engineFor(t);
  const [keys, cache, apt] = ['keys', 'cache', 'apt'].map((name) => path.join(folder, name));
  if (!keys || !cache || !apt) return t.fail();
  const own: OwnMount[] = [
    { file: keys, source: keys, target: '/.ssh', readOnly: true },
    { file: cache, source: cache, target: '/cache', cache: true },
    { file: apt, source: apt, target: '/apt', cache: true },
  ].map((mount) => (mount.target === '/apt' ? { ...mount, target: '/var/cache/apt/archives' } : mount));
  const binds = own.flatMap(({ source, target, readOnly }) => [
    '-v',
    `${source}:${target}${readOnly ? ':ro' : ''}`,
  ]);
  const bench = await dockerBench(t, {
    env: { DOCKER_HOST: `unix://${engine.socket}` },
    ...options,
    args: [...(options.args ?? []), ...binds],
    own,
  });
  const place = await bench.driver.open(bench.request);
  const argv = ['sh', '-c', USE.replaceAll('/apt/', '/var/cache/apt/archives/')] as const;
  const workload = await bench.driver.launch(place, { argv: [...argv] });
  const { text } = await readOutput(workload);
  await bench.driver.dispose(workload.ref);
  return { text, lines: bench.lines };
}

/** Keys as ssh wants them, with a socket of a master connection, and caches of root. */
async function home(t: ExecutionContext): Promise<string> {
  const folder = temporaryFolder(t);
  for (const name of ['keys/deep', 'cache', 'apt'])
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  fs.writeFileSync(path.join(folder, 'keys/known_hosts'), 'hosts', { mode: 0o600 });
  fs.writeFileSync(path.join(folder, 'keys/deep/key'), 'secret', { mode: 0o600 });
  fs.chmodSync(path.join(folder, 'keys'), 0o700);
  const server = createServer().listen(path.join(folder, 'keys/master'));
  t.teardown(() => server.close());
  return folder;
}

for (const [user, options] of [
  ['1000', { image: 'named:1' }],
  ['1234', { args: ['--user', '1234:1234'] }],
  ['4321', { args: ['-u4321', '--read-only'] }],
] as const) {
  test(`user ${user} reads keys and writes to caches of its own`, async (t) => {
    const folder = await home(t);
    for (const _ of ['first', 'again']) {
      const found = await used(t, folder, options);
      t.is(found?.text, 'known hosts secret\ncache writable\ndeep\n');
    }
    t.deepEqual(fs.readdirSync(path.join(folder, 'cache')), []);
    const [own = ''] = fs.readdirSync(path.join(folder, 'cache.users'));
    t.is(fs.readFileSync(path.join(folder, 'cache.users', own, 'deep/file'), 'utf8'), `${user}\n`);
    t.is(fs.statSync(path.join(folder, 'cache.users')).mode & 0o777, 0o700);
    t.is(fs.statSync(path.join(folder, 'keys/deep/key')).mode & 0o777, 0o600);
  });
}

for (const options of [{}, { args: ['--user', 'root'] }, { image: 'named:1', args: ['--user', '0:0'] }]) {
  test(`root uses the caches themselves: ${JSON.stringify(options)}`, async (t) => {
    const folder = await home(t);
    const found = await used(t, folder, options);
    t.is(found?.text, 'known hosts secret\ncache writable\napt writable\ndeep\n');
    t.deepEqual(fs.readdirSync(folder).sort(), ['apt', 'cache', 'keys']);
  });
}

test('no folder is made in the place of a mount that is gone', async (t) => {
  const folder = await home(t);
  for (const name of ['keys', 'cache']) fs.rmSync(path.join(folder, name), { recursive: true });
  fs.symlinkSync('/nowhere', path.join(folder, 'cache'));
  const found = await used(t, folder, {});
  t.deepEqual(
    found?.lines.filter((line) => line.includes('not mounted')),
    ['keys', 'cache'].map((name) => `${path.join(folder, name)} is not mounted: it does not exist any more`),
  );
  t.false(fs.existsSync(path.join(folder, 'keys')));
});
