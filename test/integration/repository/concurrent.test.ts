import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { acquireLock } from '../../../src/os/lock.js';
import { listMirrors, mirrorLock, pruneMirrors } from '../../../src/repository/mirror-collection.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';
import { until } from '../../support/until.js';

const PROGRAM = path.resolve(import.meta.dirname, '../../support/checkout-program.ts');

function bench(t: ExecutionContext): CheckoutBench {
  const made = new CheckoutBench();
  t.teardown(() => made.remove());
  return made;
}

/** Another agent on this machine. */
function agent(b: CheckoutBench, repository: string, name: string): ChildProcess {
  const request = {
    repository,
    cacheFolder: b.cacheFolder,
    workspace: path.join(b.folder, name),
    home: b.home,
  };
  return spawn(process.execPath, ['--import=tsx', PROGRAM, JSON.stringify(request)], {
    env: { ...GIT_ENVIRONMENT, PATH: process.env.PATH ?? '', HOME: b.home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('many tasks of one agent share one clone', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'served', 'repo'));
  const commit = source.commit({ a: '1' });
  const server = await startGitHttpServer(path.join(b.folder, 'served'));
  t.teardown(server.close);
  const script = { repository: `${server.url}/repo`, branch: 'main' };
  const all = await Promise.all(Array.from({ length: 6 }, () => b.checkout(script)));
  t.deepEqual(new Set(all.map((one) => one.commit)), new Set([commit]));
  const fetches = server.requests.filter((request) => request.includes('/info/refs'));
  t.is(fetches.length, 1);
});

test('several agents check out one repository at once', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const commit = source.commit({ a: '1' });
  const agents = ['one', 'two', 'three'].map((name) => agent(b, source.folder, name));
  const outputs = await Promise.all(
    agents.map(async (child) => {
      let text = '';
      child.stdout?.on('data', (chunk) => (text += chunk));
      const [code] = await once(child, 'close');
      return `${code} ${text.trim()}`;
    }),
  );
  t.deepEqual(
    outputs,
    Array.from({ length: 3 }, () => `0 ${commit}`),
  );
});

test('an agent killed in the middle of a clone leaves the cache usable', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const commit = source.commit({ a: '1' });
  // A transport that never ends holds the clone where it is.
  const slow = path.join(b.folder, 'slow');
  const pidFile = path.join(b.folder, 'pid');
  writeFileSync(slow, `#!/bin/sh\necho $$ > ${pidFile}\nexec sleep 600\n`, { mode: 0o755 });
  const child = spawn(
    process.execPath,
    [
      '--import=tsx',
      PROGRAM,
      JSON.stringify({
        repository: 'ssh://h/x',
        cacheFolder: b.cacheFolder,
        workspace: path.join(b.folder, 'w'),
        home: b.home,
      }),
    ],
    { env: { ...GIT_ENVIRONMENT, HOME: b.home, GIT_SSH_COMMAND: slow }, stdio: 'ignore' },
  );
  const mirrors = path.join(b.cacheFolder, 'mirrors');
  await until(() => existsSync(mirrors) && readdirSync(mirrors).some((name) => name.endsWith('.new')), {
    what: 'the clone to begin',
  });
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', {
    what: 'the transport to start',
  });
  child.kill('SIGKILL');
  await once(child, 'close');
  process.kill(Number(readFileSync(pidFile, 'utf8')));
  t.true(readdirSync(mirrors).some((name) => name.endsWith('.lock')));
  const env = {
    GIT_SSH_COMMAND: `f() { shift $(($# - 1)); eval "$(echo "$1" | sed "s|'/x'|'${source.folder}'|")"; }; f`,
  };
  const got = await b.checkout({ repository: 'ssh://h/x' }, {}, env);
  t.is(got.commit, commit);
  t.deepEqual(
    readdirSync(mirrors).filter((name) => !name.endsWith('.git')),
    ['agent-collected'],
  );
});

test('a mirror that another process works on for too long is named with that process', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ a: '1' });
  const script = { repository: source.folder, branch: 'main' };
  await b.checkout(script);
  const [mirror] = await listMirrors(b.cacheFolder);
  const file = mirrorLock(mirror?.folder ?? '');
  const release = await acquireLock(file, { timeoutMs: 0, what: 'the test' });
  await t.throwsAsync(b.checkout(script, { 'agent.vcs_cache.lock_timeout_sec': 1 }), {
    code: 'LOCK_TIMEOUT',
    message: troubleshootingLine('mirror-in-use', {
      address: source.folder,
      pid: String(process.pid),
      seconds: '1',
      file,
    }),
  });
  await release();
  t.truthy((await b.checkout(script)).commit);
});

test('mirrors are listed, and collected by age and size unless a task uses them', async (t) => {
  const b = bench(t);
  for (const name of ['one', 'two', 'three']) {
    const source = new GitRepository(path.join(b.folder, name));
    source.commit({ a: name });
    await b.checkout({ repository: source.folder });
  }
  const listed = await listMirrors(b.cacheFolder);
  t.deepEqual(
    listed.map(({ url }) => path.basename(url)),
    ['three', 'two', 'one'],
  );
  const { cacheFolder } = b;
  const limits = { maxAgeMs: 0, maxBytes: (listed[0]?.bytes ?? 0) + (listed[1]?.bytes ?? 0) };
  const would = await pruneMirrors({ cacheFolder, limits, dryRun: true });
  t.deepEqual(
    would.map(({ url, reason }) => [path.basename(url), reason]),
    [['one', 'size']],
  );
  t.is((await listMirrors(cacheFolder)).length, 3);
  const removed = await pruneMirrors({ cacheFolder, limits });
  t.is(removed.length, 1);
  t.is((await listMirrors(cacheFolder)).length, 2);
  const old = await pruneMirrors({ cacheFolder, limits: { maxAgeMs: 1, maxBytes: 0 } });
  t.deepEqual([...new Set(old.map(({ reason }) => reason))], ['age']);
  t.deepEqual(await listMirrors(cacheFolder), []);
});

test('a checkout collects mirrors that are over the limits, once an hour', async (t) => {
  const b = bench(t);
  const repositories = ['one', 'two', 'three'].map((name) => {
    const source = new GitRepository(path.join(b.folder, name));
    source.commit({ a: name });
    return source.folder;
  });
  const [one = '', two = '', three = ''] = repositories;
  await b.checkout({ repository: one });
  const long = new Date(Date.now() - 40 * 86_400_000);
  const [mirror] = await listMirrors(b.cacheFolder);
  utimesSync(path.join(mirror?.folder ?? '', 'agent-used'), long, long);
  await b.checkout({ repository: two });
  t.is((await listMirrors(b.cacheFolder)).length, 2);
  utimesSync(path.join(b.cacheFolder, 'mirrors', 'agent-collected'), long, long);
  await b.checkout({ repository: three });
  t.deepEqual(
    (await listMirrors(b.cacheFolder)).map(({ url }) => url),
    [three, two],
  );
  t.true(b.lines.includes(`mirror of ${one} removed: not used for long`));
});
