import path from 'node:path';
import test from 'ava';
import type { TaskScript } from '../../../src/api/task-record.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';

/** A repository in which each name means something else: `dev` and `both/x` are a tag and a branch. */
function source(b: CheckoutBench): { repository: string; commits: Record<string, string> } {
  const made = new GitRepository(path.join(b.folder, 'origin'));
  const tagged = made.commit({ a: 'tagged' });
  made.git('tag', '-a', '-m', 'x', 'v1');
  made.git('tag', 'dev');
  made.git('tag', 'deadbeef1');
  const main = made.commit({ a: 'main' });
  made.git('checkout', '-q', '-b', 'dev');
  const dev = made.commit({ a: 'dev' });
  made.git('checkout', '-q', '--detach', 'main');
  const loose = made.commit({ a: 'loose' });
  made.git('update-ref', 'refs/changes/1', loose);
  made.git('checkout', '-q', 'main');
  return { repository: `file://${made.folder}`, commits: { tagged, main, dev, loose } };
}

type Fields = Pick<TaskScript, 'branch' | 'tag' | 'version_num'>;

const SPELLINGS: [what: string, fields: (commits: Record<string, string>) => Fields, expected: string][] = [
  ['a tag in the field for the branch', () => ({ branch: 'v1' }), 'tagged'],
  ['refs/tags/x', () => ({ branch: 'refs/tags/v1' }), 'tagged'],
  ['tags/x', () => ({ branch: 'tags/v1' }), 'tagged'],
  ['refs/tags/x where a branch x exists', () => ({ branch: 'refs/tags/dev' }), 'tagged'],
  ['refs/heads/x where a tag x exists', () => ({ tag: 'refs/heads/dev' }), 'dev'],
  ['heads/x', () => ({ branch: 'heads/dev' }), 'dev'],
  ['a name that both have, as a branch', () => ({ branch: 'dev' }), 'dev'],
  ['a name that both have, as a tag', () => ({ tag: 'dev' }), 'tagged'],
  ['a branch in the field for the tag', () => ({ tag: 'main' }), 'main'],
  ['origin/x', () => ({ branch: 'origin/dev' }), 'dev'],
  ['remotes/origin/x', () => ({ branch: 'remotes/origin/dev' }), 'dev'],
  ['refs/remotes/origin/x', () => ({ branch: 'refs/remotes/origin/dev' }), 'dev'],
  ['origin/x as the commit', () => ({ version_num: 'origin/main' }), 'main'],
  ['HEAD as the branch', () => ({ branch: 'HEAD' }), 'main'],
  ['HEAD as the commit', () => ({ branch: 'main', version_num: 'HEAD' }), 'main'],
  ['origin/HEAD', () => ({ branch: 'origin/HEAD' }), 'main'],
  ['a tag that looks like a commit', () => ({ branch: 'deadbeef1' }), 'tagged'],
  ['a short commit as the branch', ({ dev = '' }) => ({ branch: dev.slice(0, 8) }), 'dev'],
  ['a commit as the branch that no branch has', ({ loose = '' }) => ({ branch: loose }), 'loose'],
  ['what git describe prints', ({ dev = '' }) => ({ version_num: `v1-2-g${dev.slice(0, 9)}` }), 'dev'],
  ['a commit of a changed tree', ({ tagged = '' }) => ({ version_num: `${tagged}-dirty` }), 'tagged'],
];

for (const [what, fields, expected] of SPELLINGS) {
  test(`revision: ${what}`, async (t) => {
    const b = new CheckoutBench();
    t.teardown(() => b.remove());
    const { repository, commits } = source(b);
    const got = await b.checkout({ repository, ...fields(commits) });
    t.is(got.commit, commits[expected]);
  });
}

test('a ref that is named whole is no other one', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const { repository } = source(b);
  for (const branch of ['refs/tags/main', 'refs/heads/v1', 'refs/remotes/origin/v1', 'upstream/main']) {
    await t.throwsAsync(b.checkout({ repository, branch }), { code: 'REPOSITORY_REVISION' }, branch);
  }
});

test('the checkout reports its branch, and none for a tag in the branch field', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const { repository } = source(b);
  t.is((await b.checkout({ repository, branch: 'remotes/origin/dev' })).branch, 'dev');
  t.is((await b.checkout({ repository, branch: 'HEAD' })).branch, 'main');
  t.is((await b.checkout({ repository, branch: 'v1' })).branch, undefined);
});
