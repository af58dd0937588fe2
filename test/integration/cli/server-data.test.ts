import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { until } from '../../support/until.js';

test('a backup, its check and its restore by the command line', async (t) => {
  t.timeout(120_000);
  const home = await agentHome();
  t.teardown(() => rm(home.folder, { recursive: true, force: true }));
  const [data, other, file] = ['data', 'other', 'b.tar.gz'].map((name) => path.join(home.folder, name)) as [
    string,
    string,
    string,
  ];
  const agent = async (...words: string[]) => {
    const run = startAgent(['server', ...words], home);
    const { code } = await run.exited;
    return `${code} ${run.output()}`;
  };
  const server = startAgent(['server', '--folder', data, '--port', '0', '--no-print-conf'], home);
  t.teardown(() => server.kill('SIGKILL'));
  await until(() => server.output().includes('listening: API'), {
    what: 'the server',
    context: server.output,
  });
  t.notRegex(server.output(), /secret_key/);
  t.regex(await agent('backup', file, '--folder', data), /^0 Wrote .*b\.tar\.gz/);
  t.regex(
    await agent('backup', file, '--folder', data),
    /^1 clearml_agent: ERROR: .*b\.tar\.gz is there already\n/,
  );
  t.regex(await agent('check', '--folder', data), /^0 The database in .* is in order/);
  t.regex(await agent('check', file), /^0 .*b\.tar\.gz is whole/);
  t.regex(await agent('compact', '--folder', data), /^2 .*is in use by process/);
  t.regex(await agent('restore', file, '--folder', data), /^2 .*is in use by process/);
  t.regex(await agent('--folder', data, '--port', '0'), /^2 .*is in use by process/);
  t.regex(await agent('restore', file, '--folder', other), /^0 Restored the backup of /);
  t.regex(
    await agent('restore', file, '--folder', other),
    /^2 .*holds the data of a server\n {2}.*--replace/,
  );
  t.regex(await agent('compact', '--folder', other), /^0 The database in /);
  server.kill('SIGTERM');
  t.is((await server.exited).code, 0);

  await writeFile(file, 'no archive');
  t.regex(await agent('check', file), /^1 .*is no backup of a server/);
  t.regex(await agent('backup', '--folder', data), /^2 .*server backup takes a file/);
  t.regex(
    await agent('backup', path.join(home.folder, 'x.tar'), '--folder', `${data}x`),
    /^2 .*there is no .*server\.db/,
  );
  t.regex(await agent('check', '--keep', '2'), /^2 .*--keep is for server backup/);
  t.regex(await agent('--files'), /^2 .*--files is for server backup/);
});
