import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { until } from '../../support/until.js';

const IN_THE_WAY: [name: string, make: (folder: string) => Promise<void>, why: RegExp][] = [
  [
    'a folder in the place of the database',
    async (folder) => void (await mkdir(path.join(folder, 'server.db'), { recursive: true })),
    /cannot open \S+server\.db: a database is expected there, found a folder/,
  ],
  [
    'a text in the place of the database',
    async (folder) => {
      await mkdir(folder);
      await writeFile(path.join(folder, 'server.db'), 'no database\n'.repeat(500));
    },
    /cannot open \S+server\.db: it is not a database/,
  ],
  [
    'a folder in the place of the credentials',
    async (folder) => void (await mkdir(path.join(folder, 'credentials.json'), { recursive: true })),
    /cannot read \S+credentials\.json: a folder has that name/,
  ],
  [
    'a file in the place of the folder',
    (folder) => writeFile(folder, ''),
    /cannot use \S+ as the server's folder: /,
  ],
];

for (const [name, make, why] of IN_THE_WAY) {
  test(`the server starts with ${name}: one line and status 2`, async (t) => {
    const home = await agentHome();
    const folder = path.join(home.folder, 'data');
    await make(folder);
    const server = startAgent(['server', '--folder', folder, '--port', '0'], home);
    t.teardown(() => server.kill('SIGKILL'));
    t.is((await server.exited).code, 2, server.output());
    const [first, second, ...more] = server.output().trimEnd().split('\n');
    t.regex(first ?? '', /^clearml_agent: ERROR: /);
    t.regex(first ?? '', why);
    t.regex(second ?? '', /^ {2}\S/);
    t.deepEqual(more, []);
  });
}

test('a name from a client stays within its line of the log', async (t) => {
  const home = await agentHome();
  const folder = path.join(home.folder, 'data');
  const server = startAgent(['server', '--folder', folder, '--port', '0'], home);
  t.teardown(() => server.kill('SIGKILL'));
  const filesUrl = () => /files_server: "?(http:[^"\s]+)/.exec(server.output())?.[1];
  await until(() => filesUrl() !== undefined, { what: 'the address of the file server' });
  const keys = JSON.parse(await readFile(path.join(folder, 'credentials.json'), 'utf8'));
  const authorization = `Basic ${Buffer.from(`${keys.access_key}:${keys.secret_key}`).toString('base64')}`;
  // A link to itself is an error of the disk, which the server reports with the path that a client chose.
  await symlink('loop', path.join(folder, 'files', 'loop'));
  const name = 'loop/\u001b[2J\u009b31m\u202etxt/file';
  const body = `--b\r\ncontent-disposition: form-data; name="${name}"; filename="x"\r\n\r\ny\r\n--b--\r\n`;
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=b' };
  t.is((await fetch(`${filesUrl()}/`, { method: 'POST', headers, body })).status, 500);
  await until(() => server.output().includes('ELOOP'), { what: 'the error of the disk' });
  const line = server
    .output()
    .split('\n')
    .find((each) => each.includes('ELOOP'));
  t.regex(line ?? '', /ERROR file server POST: ELOOP.*loop\/\\x1b\[2J\\x9b31m\\u202etxt/);
});
