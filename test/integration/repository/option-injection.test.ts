import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { TaskScript } from '../../../src/api/task-record.js';
import { isAgentError } from '../../../src/errors.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { GitRepository } from '../../support/git-repository.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const bench = new CheckoutBench();
test.after.always(() => bench.remove());

type Field = keyof Pick<TaskScript, 'repository' | 'branch' | 'tag' | 'version_num' | 'working_dir'>;
const FIELDS: readonly Field[] = ['repository', 'branch', 'tag', 'version_num', 'working_dir'];

/** Values that a program may take for more than a name; `CANARY` is a file that none of them may make. */
const VALUES: readonly string[] = [
  '-x',
  '--help',
  '--upload-pack=touch CANARY',
  '-utouch CANARY',
  '--exec=touch CANARY',
  '--config=core.sshCommand=touch CANARY',
  '-c core.fsmonitor=touch CANARY',
  '--template=CANARY',
  '--output=CANARY',
  '--config-settings',
  'ext::sh -c "touch CANARY"',
  'ext::touch CANARY',
  '@CANARY',
  '|touch CANARY',
  '$(touch CANARY)',
  '`touch CANARY`',
  'a;touch CANARY',
  'a\ntouch CANARY',
  'a\r--upload-pack=touch CANARY',
  'ssh://-oProxyCommand=touch CANARY/r.git',
  '-oProxyCommand=touch CANARY@h:r.git',
  'h:-oProxyCommand=x',
  'git@-oProxyCommand=touch${IFS}CANARY:r.git',
  'file://-x',
];

test.serial('no value of a task is an option of git or ssh, and none runs a program', async (t) => {
  t.timeout(280_000);
  const bin = temporaryFolder(t);
  const canary = path.join(bin, 'canary');
  const seen = path.join(bin, 'seen');
  // The real git behind a program that writes down how it is called; there is no server for ssh.
  const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
  const note = `for word; do printf '%s\\001' "$word"; done >>"${seen}"; printf '\\002' >>"${seen}"`;
  writeFileSync(path.join(bin, 'git'), `#!/bin/sh\n${note}\nexec ${real} "$@"\n`);
  writeFileSync(path.join(bin, 'ssh'), `#!/bin/sh\n${note}\nexit 255\n`);
  for (const name of ['git', 'ssh']) chmodSync(path.join(bin, name), 0o755);
  const source = new GitRepository(path.join(bin, 'source'));
  source.commit({ 'main.py': 'print(1)\n' });
  const env = { PATH: `${bin}:${process.env.PATH}` };
  for (const field of FIELDS) {
    for (const value of VALUES.map((one) => one.replaceAll('CANARY', canary))) {
      const script = { repository: source.folder, [field]: value };
      try {
        await bench.checkout(script, { 'agent.git.stall_timeout_sec': 5 }, env);
      } catch (error) {
        t.true(isAgentError(error), `${field} ${JSON.stringify(value)}: ${error}`);
      }
      t.false(existsSync(canary), `${field} ${JSON.stringify(value)}`);
    }
  }
  const calls = readFileSync(seen, 'utf8')
    .split('\u0002')
    .map((call) => call.split('\u0001').slice(0, -1));
  t.true(calls.length > 50, String(calls.length));
  const hostile = new Set(
    VALUES.map((one) => one.replaceAll('CANARY', canary)).filter((one) => one.startsWith('-')),
  );
  const taken = calls.filter((call) => {
    const end = call.indexOf('--');
    return call
      .slice(0, end === -1 ? call.length : end)
      .some((word) => hostile.has(word) || /^-oProxy/.test(word));
  });
  t.deepEqual(taken, []);
});
