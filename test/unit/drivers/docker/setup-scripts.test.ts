import { execFileSync } from 'node:child_process';
import test from 'ava';
import { SetupOutput, setupProgram } from '../../../../src/drivers/docker/setup/setup-scripts.js';

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
    });
    t.is(printed(), `before\n${'x'.repeat(50)}after`);
  }
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
async function outcome(shell: string, texts: readonly string[]) {
  const scripts = texts.map((text, index) => ({ name: `script ${index}`, text }));
  const program = setupProgram(scripts, MARKER);
  const env = { PATH: process.env.PATH ?? '' };
  let stdout: string;
  try {
    stdout = execFileSync(shell, ['-c', program], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    stdout = (error as { stdout: string }).stdout;
  }
  const { output, printed } = feedAll([stdout]);
  const { script, exitCode, environment } = await output.reported;
  return { script, exitCode, environment, printed: printed() };
}

for (const shell of ['bash', 'sh']) {
  test(`${shell}: what a script leaves open ends with it, and failures do not stop the others`, async (t) => {
    const found = await outcome(shell, ["echo 'open", 'if true; then', 'false\nexport A="it\'s"', 'echo $A']);
    t.like(found, { script: 4, exitCode: 0, printed: "it's\n" });
    t.is(found.environment.A, "it's");
  });

  test(`${shell}: exit and set -e end all, and the script is told`, async (t) => {
    t.like(await outcome(shell, ['export B=2', 'exit 3', 'echo never']), {
      script: 1,
      exitCode: 3,
      printed: '',
    });
    t.like(await outcome(shell, ['set -e', 'false', 'echo never']), { script: 1, exitCode: 1, printed: '' });
    t.like(await outcome(shell, ['exit 0', 'echo never']), { script: 0, exitCode: 0, printed: '' });
  });

  test(`${shell}: a script may redirect its output and have a trap of its own`, async (t) => {
    const found = await outcome(shell, ['exec >/dev/null; trap "echo bye >&9" EXIT; export C=3']);
    t.like(found, { exitCode: 0, printed: 'bye\n' });
    t.is(found.environment.C, '3');
  });
}
