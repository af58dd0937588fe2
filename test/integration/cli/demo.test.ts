import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { until } from '../../support/until.js';

test('agent demo leaves a folder with files of the user alone', async (t) => {
  const home = await agentHome();
  const folder = path.join(home.folder, 'work');
  const file = path.join(folder, 'project', 'thesis.txt');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, 'years of work');
  const demo = startAgent(['demo', '--folder', folder], home);
  t.teardown(() => demo.kill('SIGKILL'));
  t.is((await demo.exited).code, 2, demo.output());
  t.regex(
    demo.output(),
    /^clearml_agent: ERROR: --folder: expected a new or empty folder .*, found other files in /,
  );
  t.is(readFileSync(file, 'utf8'), 'years of work');
  t.deepEqual(readdirSync(folder), ['project']);
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`agent demo removes its temporary folder on ${signal}`, async (t) => {
    const home = await agentHome();
    const temporary = path.join(home.folder, 'tmp');
    await mkdir(temporary);
    const demo = startAgent(['demo'], { ...home, env: { ...home.env, TMPDIR: temporary } });
    t.teardown(() => demo.kill('SIGKILL'));
    await until(() => demo.output().includes('[claim] done'), {
      what: 'the start of the task',
      context: demo.output,
    });
    demo.kill(signal);
    t.is((await demo.exited).code, status, demo.output());
    t.deepEqual(
      readdirSync(temporary).filter((name) => name.startsWith('clearml-demo-')),
      [],
    );
  });
}
