import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { listMirrors } from '../../../src/repository/mirror-collection.js';
import { bench, git } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

test.serial('a commit that the mirror holds needs neither the repository nor much time', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const commit = source.commit({ 'a.py': 'one\n' });
  const script = { repository: `file://${source.folder}`, version_num: commit };
  await b.checkout(script);
  rmSync(source.folder, { recursive: true });
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    t.is((await b.checkout(script)).commit, commit);
    times.push(performance.now() - start);
  }
  t.log(times.map((ms) => ms.toFixed(0)).join(' '), 'ms');
  t.true(Math.min(...times) < 500);
});

test('the work tree does not depend on the mirror', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ 'a.py': 'one\n' });
  const got = await b.checkout({ repository: source.folder });
  rmSync(b.cacheFolder, { recursive: true });
  t.is(git(got.root, 'fsck', '--strict'), '');
  t.is(git(got.root, 'show', 'HEAD:a.py'), 'one');
});

test('damage to the mirror is repaired by cloning again', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const commit = source.commit({ 'a.py': 'x'.repeat(5000) });
  const script = { repository: `file://${source.folder}`, version_num: commit };
  const damages: [string, (mirror: string) => void][] = [
    ['pack cut short', (mirror) => forPacks(mirror, (file) => truncateSync(file, 40))],
    ['HEAD gone', (mirror) => rmSync(path.join(mirror, 'HEAD'))],
    ['objects gone', (mirror) => rmSync(path.join(mirror, 'objects'), { recursive: true })],
    ['config garbled', (mirror) => writeFileSync(path.join(mirror, 'config'), '[core\nx')],
  ];
  await b.checkout(script);
  for (const [name, damage] of damages) {
    const [mirror] = await listMirrors(b.cacheFolder);
    damage(mirror?.folder ?? '');
    const got = await b.checkout(script);
    t.is(got.commit, commit, name);
    t.is(git(got.root, 'status', '--porcelain'), '', name);
  }
});

test('lock files that a killed git left do not stop a fetch', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ a: '1' });
  const repository = `file://${source.folder}`;
  await b.checkout({ repository, branch: 'main' });
  const [mirror] = await listMirrors(b.cacheFolder);
  for (const name of ['packed-refs.lock', 'refs/heads/main.lock', 'HEAD.lock', 'config.lock']) {
    writeFileSync(path.join(mirror?.folder ?? '', name), '');
  }
  const commit = source.commit({ a: '2' });
  t.is((await b.checkout({ repository, branch: 'main' })).commit, commit);
});

test('spellings of one address share a mirror', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin.git'));
  source.commit({ a: '1' });
  for (const repository of [
    source.folder,
    `file://${source.folder}`,
    `file://${source.folder}/`,
    ` ${source.folder} `,
  ]) {
    await b.checkout({ repository });
  }
  t.is((await listMirrors(b.cacheFolder)).length, 1);
});

test('without the cache nothing is kept but the work tree', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  source.commit({ a: '1' });
  const got = await b.checkout({ repository: source.folder }, { 'agent.vcs_cache.enabled': false });
  t.deepEqual(await listMirrors(b.cacheFolder), []);
  t.deepEqual(readdirSync(path.dirname(got.root)), ['origin']);
  t.is(git(got.root, 'fsck'), '');
});

test('stand-alone mode uses the mirror and nothing else', async (t) => {
  const b = bench(t);
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const commit = source.commit({ a: '1' });
  const repository = source.folder;
  const offline = { 'agent.standalone_mode': true };
  await t.throwsAsync(b.checkout({ repository }, offline), {
    code: 'REPOSITORY_CLONE',
    message: troubleshootingLine('not-in-the-cache', { address: repository }),
  });
  await b.checkout({ repository });
  source.commit({ a: '2' });
  t.is((await b.checkout({ repository, branch: 'main' }, offline)).commit, commit);
});

function forPacks(mirror: string, work: (file: string) => void): void {
  const folder = path.join(mirror, 'objects', 'pack');
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.pack')) continue;
    execFileSync('chmod', ['u+w', path.join(folder, name)]);
    work(path.join(folder, name));
  }
}
