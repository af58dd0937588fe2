import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { CheckedOut } from '../../../src/repository/checkout.js';
import { listMirrors, pruneMirrors } from '../../../src/repository/mirror-collection.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GIT_ENVIRONMENT, GitRepository } from '../../support/git-repository.js';

const FILES = { 'a.py': 'one\n', 'src/b.py': 'two\n' };

/** A repository and a bench for it. */
function setUp(t: ExecutionContext) {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const source = new GitRepository(path.join(b.folder, 'origin'));
  const first = source.commit(FILES);
  const script = { repository: source.folder, branch: 'main' };
  return { b, source, first, script };
}

const tended = async (tree: CheckedOut) => {
  await tree.tend?.(new AbortController().signal);
  return tree;
};

async function spareOf({ cacheFolder }: CheckoutBench): Promise<string> {
  const [mirror] = await listMirrors(cacheFolder);
  return `${mirror?.folder}.spare`;
}

function git(root: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: root, env: GIT_ENVIRONMENT, encoding: 'utf8' });
}

/** All that two work trees may differ in, but for their paths. */
function stateOf(root: string): Record<string, string> {
  return {
    head: readFileSync(path.join(root, '.git', 'HEAD'), 'utf8'),
    config: readFileSync(path.join(root, '.git', 'config'), 'utf8'),
    refs: git(root, 'for-each-ref'),
    status: git(root, 'status', '--porcelain', '--branch'),
    files: git(root, 'ls-files', '--stage'),
    objects: git(root, 'fsck', '--strict'),
  };
}

test('the next checkout of a commit moves the spare work tree, which equals a new clone', async (t) => {
  const { b, first, script } = setUp(t);
  const cloned = await tended(await b.checkout(script));
  const spare = await spareOf(b);
  t.true(existsSync(spare));
  const mark = path.join(spare, 'mark');
  writeFileSync(mark, '');
  const moved = await b.checkout(script);
  t.true(existsSync(path.join(moved.root, 'mark')));
  execFileSync('rm', [path.join(moved.root, 'mark')]);
  t.is(moved.commit, first);
  t.deepEqual(stateOf(moved.root), stateOf(cloned.root));
  t.is(readFileSync(path.join(moved.root, 'src/b.py'), 'utf8'), 'two\n');
  t.false(existsSync(spare));
  t.deepEqual(readdirSync(path.dirname(moved.root)), ['origin']);
  // The next one is a clone again, and leaves a spare one as well.
  await tended(await b.checkout({ ...script, version_num: first }));
  t.true(existsSync(spare));
});

const CHANGES: [what: string, change: (set: ReturnType<typeof setUp>) => void][] = [
  ['the branch has a new commit', ({ source }) => void source.commit({ 'a.py': 'three\n' })],
  ['another branch was made', ({ source }) => void source.git('branch', 'other')],
  ['a tag was made', ({ source }) => void source.git('tag', 'v1')],
  [
    "the user's git writes other line ends",
    ({ b }) => writeFileSync(path.join(b.home, '.gitconfig'), '[core]\n\tautocrlf = true\n'),
  ],
  [
    "the user's attributes ask for other line ends",
    ({ b }) => {
      mkdirSync(path.join(b.home, '.config/git'), { recursive: true });
      writeFileSync(path.join(b.home, '.config/git/attributes'), '* text eol=crlf\n');
    },
  ],
  [
    'the machine was started again, which may leave files empty that were written before',
    ({ b }) => {
      const file = path.join(`${mirrorOf(b)}.spare`, '.git', 'agent-spare');
      const text = readFileSync(file, 'utf8');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      writeFileSync(file, text.replace(boot, boot.replaceAll(/\d/g, 'e')));
    },
  ],
  [
    'the mirror was made shallow',
    ({ b, first }) => writeFileSync(path.join(mirrorOf(b), 'shallow'), `${first}\n`),
  ],
];

function mirrorOf({ cacheFolder }: CheckoutBench): string {
  const mirrors = path.join(cacheFolder, 'mirrors');
  return path.join(mirrors, readdirSync(mirrors).find((name) => name.endsWith('.git')) ?? '');
}

for (const [what, change] of CHANGES) {
  test(`a spare work tree is not used once ${what}`, async (t) => {
    const set = setUp(t);
    const { b, script } = set;
    await tended(await b.checkout(script));
    const spare = await spareOf(b);
    writeFileSync(path.join(spare, 'mark'), '');
    change(set);
    const next = await tended(await b.checkout(script));
    t.false(existsSync(path.join(next.root, 'mark')));
    t.deepEqual(stateOf(next.root), stateOf((await b.checkout({ ...script })).root));
    // It was replaced, and the new one used.
    t.false(existsSync(spare));
  });
}

test('tasks that start at once get a work tree each, one of them the spare one', async (t) => {
  const { b, first, script } = setUp(t);
  await tended(await b.checkout(script));
  writeFileSync(path.join(await spareOf(b), 'mark'), '');
  const trees = await Promise.all(
    Array.from({ length: 6 }, () => b.checkout({ ...script, version_num: first })),
  );
  t.deepEqual(new Set(trees.map(({ commit }) => commit)), new Set([first]));
  t.is(trees.filter(({ root }) => existsSync(path.join(root, 'mark'))).length, 1);
  for (const { root } of trees) t.is(git(root, 'ls-files').trim(), 'a.py\nsrc/b.py');
});

test('a spare work tree without its repository, or without what it is for, is passed over', async (t) => {
  const { b, first, script } = setUp(t);
  for (const lost of ['.git', '.git/agent-spare']) {
    await tended(await b.checkout(script));
    execFileSync('rm', ['-r', path.join(await spareOf(b), lost)]);
    const { commit, root } = await b.checkout(script);
    t.is(commit, first);
    t.is(git(root, 'status', '--porcelain'), '');
  }
});

test('a spare work tree goes with its mirror, and so does one that was never completed', async (t) => {
  const { b, script } = setUp(t);
  const { cacheFolder } = b;
  await tended(await b.checkout(script));
  const spare = await spareOf(b);
  const [withSpare] = await listMirrors(cacheFolder);
  mkdirSync(`${spare}.new`, { recursive: true });
  await pruneMirrors({ cacheFolder, limits: { maxAgeMs: 0, maxBytes: 0 } });
  t.true(existsSync(spare));
  t.false(existsSync(`${spare}.new`));
  execFileSync('rm', ['-r', spare]);
  const [alone] = await listMirrors(cacheFolder);
  t.true((withSpare?.bytes ?? 0) > (alone?.bytes ?? 0));
  await tended(await b.checkout(script));
  t.true(existsSync(spare));
  await pruneMirrors({ cacheFolder, limits: { maxAgeMs: 0, maxBytes: 1 } });
  t.deepEqual(readdirSync(path.dirname(spare)), ['agent-collected']);
});

test('no spare work tree is made of a repository with files in LFS, nor without a cache', async (t) => {
  const { b, source, script } = setUp(t);
  await t.notThrowsAsync(async () => tended(await b.checkout(script, { 'agent.vcs_cache.enabled': false })));
  t.false(existsSync(b.cacheFolder) && readdirSync(b.cacheFolder).includes('mirrors'));
  source.commit({ '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' });
  await tended(await b.checkout(script));
  t.false(existsSync(await spareOf(b)));
});

test('a spare work tree is not used once the setting for LFS is another one', async (t) => {
  const { b, script } = setUp(t);
  await tended(await b.checkout(script, { 'agent.git.lfs': false }));
  writeFileSync(path.join(await spareOf(b), 'mark'), '');
  const { root } = await b.checkout(script);
  t.false(existsSync(path.join(root, 'mark')));
});

for (const line of [
  '[include]\n\tpath = other',
  '[includeIf "gitdir:~/work/"]\n\tpath = other',
  '[core]\n\tattributesFile = ~/attributes',
  '[core]\n\thooksPath = ~/hooks',
  '[init]\n\ttemplateDir = ~/template',
]) {
  test(`no spare work tree is made where the user's git reads more files: ${line.split('\n').join(' ')}`, async (t) => {
    const { b, first, script } = setUp(t);
    mkdirSync(path.join(b.home, 'template'));
    writeFileSync(path.join(b.home, '.gitconfig'), `${line}\n`);
    const { commit } = await tended(await b.checkout(script));
    t.is(commit, first);
    t.false(existsSync(await spareOf(b)));
  });
}

test('a file beside a submodule stays when the submodule has a spare work tree', async (t) => {
  const { b, source, script, first } = setUp(t);
  const around = new GitRepository(path.join(b.folder, 'around'));
  around.git('submodule', '--quiet', 'add', source.folder, 'lib');
  around.commit({ 'lib.spare/kept.py': 'kept\n' });
  await tended(await b.checkout(script));
  writeFileSync(path.join(await spareOf(b), 'mark'), '');
  const { root } = await b.checkout({ repository: around.folder, branch: 'main' });
  t.is(git(root, 'status', '--porcelain', '--ignore-submodules').trim(), '');
  t.true(existsSync(path.join(root, 'lib', 'mark')));
  t.is(git(path.join(root, 'lib'), 'rev-parse', 'HEAD').trim(), first);
});

test('a spare work tree is out of its place before its files are removed', async (t) => {
  const { b, script } = setUp(t);
  await tended(await b.checkout(script));
  const spare = await spareOf(b);
  for (let at = 0; at < 3000; at += 1) writeFileSync(path.join(spare, `file-${at}`), '');
  const whole = readdirSync(spare).length;
  let isOver = false;
  const removal = pruneMirrors({ cacheFolder: b.cacheFolder, limits: { maxAgeMs: 0, maxBytes: 1 } }).finally(
    () => {
      isOver = true;
    },
  );
  const seen = new Set<number>();
  while (!isOver) {
    if (existsSync(spare)) seen.add(readdirSync(spare).length);
    await new Promise(setImmediate);
  }
  await removal;
  t.deepEqual([...seen], [whole]);
});

test('what a killed agent was removing is removed later', async (t) => {
  const { b, script } = setUp(t);
  await b.checkout(script);
  const old = `${await spareOf(b)}.old`;
  mkdirSync(path.join(old, 'src'), { recursive: true });
  await pruneMirrors({ cacheFolder: b.cacheFolder, limits: { maxAgeMs: 0, maxBytes: 0 } });
  t.false(existsSync(old));
});

test('the objects that a spare work tree shares with its mirror count once', async (t) => {
  const { b, source, script } = setUp(t);
  source.commit({ 'c.bin': randomBytes(200_000) });
  const [alone] = await b.checkout(script).then(async (tree) => {
    const listed = await listMirrors(b.cacheFolder);
    await tended(tree);
    return listed;
  });
  const [withSpare] = await listMirrors(b.cacheFolder);
  const added = (withSpare?.bytes ?? 0) - (alone?.bytes ?? 0);
  // Its files, and no pack.
  t.true(added >= 200_000 && added < 350_000, String(added));
});

test.serial('a spare work tree is not used by an agent that gives its files other modes', async (t) => {
  const { b, script } = setUp(t);
  const umask = process.umask(0o022);
  t.teardown(() => process.umask(umask));
  await tended(await b.checkout(script));
  process.umask(0o077);
  const { root } = await b.checkout(script);
  t.is(statSync(path.join(root, 'a.py')).mode & 0o777, 0o600);
});
