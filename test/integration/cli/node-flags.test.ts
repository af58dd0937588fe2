import path from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { agentHome } from '../../support/agent-process.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');

/** Node looks for some of its own flags behind the script's name, too. */
const FLAGS: readonly string[][] = [
  ['--env-file', '/nonexistent'],
  ['--env-file=/nonexistent'],
  ['--env-file-if-exists', '/nonexistent'],
  ['--title', 'mine'],
];

for (const flags of FLAGS) {
  test(`${flags.join(' ')} behind --docker is the task's`, async (t) => {
    const { env } = await agentHome();
    const words = ['execute', '--id', 'any', '--docker', 'image:1', ...flags, '--dry-run'];
    const { all, exitCode } = await execa(SCRIPT, words, { env, extendEnv: false, all: true, reject: false });
    t.is(exitCode, 2, all);
    t.regex(all, /^clearml_agent: ERROR: not configured: /);
  });
}
