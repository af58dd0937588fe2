import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { COMMANDS } from '../../../src/cli/commands.js';
import { bashScript } from '../../../src/cli/completion/bash.js';
import { fishScript } from '../../../src/cli/completion/fish.js';
import { completionModel } from '../../../src/cli/completion/model.js';
import { zshScript } from '../../../src/cli/completion/zsh.js';

const SCRIPT = path.resolve(import.meta.dirname, '../../../bin/agent.js');
const model = completionModel(COMMANDS);

/** What bash offers for the last of these words. */
function offers(...words: string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const script = `${bashScript(model)}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _clearml_agent; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const answer = execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: import.meta.dirname });
  return answer.split('\n').filter((line) => line !== '');
}

test('bash: commands, their flags, values and files', (t) => {
  t.deepEqual(offers('agent', 'exec'), ['execute']);
  t.deepEqual(offers('agent', 'daemon', '--order'), ['--order-fairness']);
  t.deepEqual(offers('agent', '--debug', 'list', '--j'), ['--json']);
  t.deepEqual(offers('clearml-agent', 'completion', ''), ['bash', 'zsh', 'fish', '-h', '--help']);
  t.deepEqual(offers('agent', '--config-file', 'completion.t'), ['completion.test.ts']);
  t.true(offers('agent', '').includes('daemon'));
});

for (const [shell, script] of [
  ['bash', bashScript(model)],
  ['zsh', zshScript(model)],
  ['fish', fishScript(model)],
] as const) {
  test(`${shell}: every command and flag is in the script, which the shell accepts`, async (t) => {
    for (const { name, flags } of model.commands) {
      t.true(script.includes(name));
      for (const { long } of flags) {
        t.true(
          long === undefined || script.includes(shell === 'fish' ? `-l ${long.slice(2)}` : long),
          `${name} ${long}`,
        );
      }
    }
    const folder = await mkdtemp(path.join(tmpdir(), 'completion-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'script');
    await writeFile(file, script);
    const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    t.is(checked.error, undefined);
    t.is(checked.status, 0, checked.stderr);
  });
}

test('the command prints the script, and refuses a shell that it does not know', (t) => {
  t.is(
    execFileSync(process.execPath, [SCRIPT, 'completion', 'fish'], { encoding: 'utf8' }),
    fishScript(model),
  );
  const refused = spawnSync(process.execPath, [SCRIPT, 'completion', 'tcsh'], { encoding: 'utf8' });
  t.is(refused.status, 2);
  t.regex(refused.stderr, /completion takes one of bash, zsh, fish, got "tcsh"/);
});
