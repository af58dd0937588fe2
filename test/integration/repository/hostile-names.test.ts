import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';

/** What a task may put into each field; `TOUCH` is a command that leaves a mark. */
const HOSTILE = [
  '--upload-pack=TOUCH',
  '-uTOUCH',
  '--exec=TOUCH',
  '--output=MARK',
  'ext::sh -c TOUCH',
  '-c core.sshCommand=TOUCH',
  'ssh://-oProxyCommand=TOUCH/x',
  '-oProxyCommand=TOUCH:x',
  '$(TOUCH)',
  'main;TOUCH',
  'main\nTOUCH',
  '+refs/heads/*:refs/heads/*',
  '../../../etc',
  '__proto__',
  'constructor',
  'x'.repeat(100_000),
  'a\0b',
];

for (const field of ['branch', 'tag', 'version_num', 'repository'] as const) {
  test(`${field}: no text becomes an option or a command`, async (t) => {
    t.timeout(120_000);
    const b = new CheckoutBench();
    t.teardown(() => b.remove());
    const source = new GitRepository(path.join(b.folder, 'origin'));
    source.commit({ 'a.py': 'one\n' });
    const mark = path.join(b.folder, 'mark');
    for (const text of HOSTILE) {
      const value = text.replaceAll('TOUCH', `touch ${mark}`).replaceAll('MARK', mark);
      const error = await t.throwsAsync(
        b.checkout({ repository: source.folder, [field]: value }),
        undefined,
        text.slice(0, 40),
      );
      t.true(isAgentError(error), `${text.slice(0, 40)}: ${error?.stack}`);
      t.false(existsSync(mark), text);
    }
  });
}

test('a transport that git does not allow fails with a cause that names it, and no login goes anywhere', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const login = { 'agent.git_user': 'u', 'agent.git_pass': 'a-password' };
  const cases = [
    ['ext::sh -c "exit 1"', 'git has no transport for ext addresses here'],
    ['no-such::x/y', 'git has no transport for no-such addresses here'],
  ] as const;
  for (const [repository, cause] of cases) {
    const error = await t.throwsAsync(b.checkout({ repository, branch: 'main' }, login), {
      code: 'REPOSITORY_CLONE',
    });
    t.is(error.message, `cannot clone ${repository}: ${cause}`);
  }
});
