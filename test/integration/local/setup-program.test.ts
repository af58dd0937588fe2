import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { SetupOutput, setupCommand, setupProgram } from '../../../src/container/setup-scripts.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MARKER = 'setup-0123456789';

function feedAll(pieces: readonly string[]): { output: SetupOutput; printed: () => string } {
  let printed = '';
  const output = new SetupOutput(MARKER, (text) => {
    printed += text;
  });
  for (const piece of pieces) output.feed(piece);
  return { output, printed: () => printed };
}

const REPORT = `before\n${'x'.repeat(50)}\n${MARKER} 2 0\nA=1\0B=two\nlines\0PWD=/x\0\n${MARKER}\nafter`;

test('the report is taken out of the output, however it is cut', async (t) => {
  for (const size of [1, 2, 7, 19, 1000]) {
    const pieces = REPORT.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
    const { output, printed } = feedAll(pieces);
    t.deepEqual(await output.reported, {
      script: 2,
      exitCode: 0,
      environment: { A: '1', B: 'two\nlines' },
      broken: undefined,
    });
    t.is(printed(), `before\n${'x'.repeat(50)}after`);
  }
});

test('the report has the words of the shell about a script that it cannot read', async (t) => {
  const { output } = feedAll([
    `\n${MARKER} 1 2 bash: line 3: syntax error: unexpected end of file\n\n${MARKER}\n`,
  ]);
  t.like(await output.reported, {
    script: 1,
    exitCode: 2,
    broken: 'line 3: syntax error: unexpected end of file',
  });
});

test('what cannot be the beginning of the report is printed at once', (t) => {
  t.is(feedAll(['working']).printed(), 'working');
  t.is(feedAll(['working\n']).printed(), 'working');
  t.is(
    feedAll(['working\n', MARKER.slice(0, 5), 'not so']).printed(),
    `working\n${MARKER.slice(0, 5)}not so`,
  );
});

test('without a report all is printed in the end', (t) => {
  const { output, printed } = feedAll(['one\n', MARKER.slice(0, 5)]);
  output.flush();
  t.is(printed(), `one\n${MARKER.slice(0, 5)}`);
});

/** What the shells of this machine make of a program. */
function outcome(t: ExecutionContext, shell: string, texts: readonly string[]) {
  const scripts = texts.map((text, index) => ({ name: `script ${index}`, text }));
  const bin = temporaryFolder(t);
  fs.symlinkSync('/bin/busybox', path.join(bin, 'ash'));
  const input = path.join(bin, 'program');
  fs.writeFileSync(input, setupProgram(scripts));
  const [program, ...args] = setupCommand(MARKER, shell);
  const { stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env.PATH}` },
    // A bash whose input is a socket takes itself for a remote shell and reads ~/.bashrc.
    stdio: [fs.openSync(input, 'r'), 'pipe', 'pipe'],
  });
  const { output, printed } = feedAll([stdout]);
  t.is(stderr, '');
  return output.reported.then((report) => ({ ...report, printed: printed() }));
}

for (const shell of ['bash', 'dash', 'ash']) {
  test(`${shell}: failures do not stop the others`, async (t) => {
    const found = await outcome(t, shell, [
      'false\nexport A="it\'s"',
      'ls /nowhere 2>/dev/null; (exit 2)',
      'echo $A',
    ]);
    t.like(found, { script: 3, exitCode: 0, broken: undefined, printed: "it's\n" });
    t.is(found.environment.A, "it's");
  });

  for (const text of [
    'if true; then',
    'echo a\nif true; then\n  echo b\n',
    "echo 'open",
    'for i in 1 2; do echo $i; fi',
    'echo )',
    'case x in\n  x) echo',
    'f() {\n  echo',
    `# ${'long '.repeat(40_000)}\nif true; then`,
  ])
    for (const head of ['', 'set -e\n', 'set -u\n', 'set -a; unset PATH\n', 'exec >/dev/null 2>&1\n'])
      test(`${shell}: no valid script ends the set-up: ${head}${text.slice(0, 60)}`, async (t) => {
        const found = await outcome(t, shell, [':', `${head}${text}`, 'echo never']);
        t.like(found, { script: 1, exitCode: 2 });
        t.regex(found.broken ?? '', /syntax error|unexpected EOF/i);
        t.notRegex(found.printed, /never/);
      });

  test(`${shell}: what shells accept is no broken script`, async (t) => {
    for (const text of [
      'cat <<END\nopen',
      'echo open \\',
      'f() { return 2; }; f',
      '# if true; then\n(exit 2)',
    ])
      t.like(await outcome(t, shell, [text, ':']), { script: 2, exitCode: 0, broken: undefined }, text);
    t.like(await outcome(t, shell, ['exit 2']), { script: 0, exitCode: 2, broken: undefined });
  });

  test(`${shell}: exit and set -e end the set-up, and the error names the script`, async (t) => {
    for (const [texts, expected] of [
      [['export B=2', 'exit 3', 'echo never'], { script: 1, exitCode: 3 }],
      [['set -e', 'false', 'echo never'], { script: 1, exitCode: 1 }],
      [['exit 0', 'echo never'], { script: 0, exitCode: 0 }],
      [[':', 'trap : EXIT; exit 4', 'echo never'], { script: 1, exitCode: 4 }],
      [[':', 'kill -9 $$', 'echo never'], { script: 1, exitCode: 137 }],
    ] as const) {
      const found = await outcome(t, shell, texts);
      t.like(found, expected, texts.join('; '));
      t.notRegex(found.printed, /never/);
    }
  });

  for (const text of [
    'set -u',
    'set -eu; export C=3',
    'set -euf',
    'set -a; IFS=/; set -o noclobber; umask 777',
    'cd /tmp; export PATH=/nowhere',
    'unset PATH',
    'exec >/dev/null 2>&1',
    'exec >&- 2>&- 9>&-',
    'trap "" EXIT TERM INT',
    'cat() { exit 9; }; mv() { exit 9; }; echo() { exit 9; }',
    'sleep 0.1 & sleep 0.2 &',
    'set -- a b; shift',
  ]) {
    test(`${shell}: the report does not depend on the shell of the scripts: ${text}`, async (t) => {
      const found = await outcome(t, shell, [text, 'export D=4']);
      t.like(found, { script: 2, exitCode: 0, printed: '' });
      t.is(found.environment.D, '4');
    });
  }

  test(`${shell}: the agent's own lines are no part of what scripts see`, async (t) => {
    const found = await outcome(t, shell, [
      'export SEEN="$#:${agent_program-}:$(umask)"',
      'set -u; export E=5',
    ]);
    t.is(found.environment.SEEN, `0::${'0022'}`);
    t.deepEqual(
      Object.keys(found.environment).filter((name) => /agent/i.test(name)),
      [],
    );
  });
}

test('bash: set -euo pipefail, the usual head of a script', async (t) => {
  const text = '#!/bin/bash\nset -euo pipefail\nexport A=1\n';
  const found = await outcome(t, 'bash', [text, 'echo "${ALSO_NOT:-z}"']);
  t.like(found, { script: 2, exitCode: 0, printed: 'z\n' });
  t.is(found.environment.A, '1');
  t.like(await outcome(t, 'bash', [text, 'false | true']), { script: 1, exitCode: 1 });
  t.like(await outcome(t, 'bash', [text, 'echo "$NOT_SET"']), { script: 1, exitCode: 1 });
});

test('bash: patterns that a script turns on first are read', async (t) => {
  const text = 'shopt -s extglob\necho /nowhere/!(a)\n(exit 2)';
  t.like(await outcome(t, 'bash', [text, ':']), { script: 2, exitCode: 0, printed: '/nowhere/!(a)\n' });
});

test('what a script leaves in the background prints after the report', async (t) => {
  const late = '( sleep 0.5; echo late ) & echo early';
  t.like(await outcome(t, 'bash', [late]), { script: 1, exitCode: 0, printed: 'early\nlate\n' });
});
