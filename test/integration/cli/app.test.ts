import { existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { APP_ASSETS, appText } from '../../support/app-files.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { zipOf } from '../../support/zip-file.js';

/** The folder of an application. */
function appFolder(t: ExecutionContext, text = appText()): string {
  const folder = path.join(temporaryFolder(t), 'simple');
  for (const name of APP_ASSETS) {
    mkdirSync(path.dirname(path.join(folder, 'assets', name)), { recursive: true });
    writeFileSync(path.join(folder, 'assets', name), name);
  }
  writeFileSync(path.join(folder, 'simple.app.conf'), text);
  return folder;
}

async function run(words: readonly string[]): Promise<{ code: number | null; output: string }> {
  const program = startAgent(words, await agentHome());
  const { code } = await program.exited;
  return { code, output: program.output() };
}

test('app check takes a file, a folder and an archive, and app pack writes the archive', async (t) => {
  const folder = appFolder(t);
  const archive = path.join(folder, '..', 'out.zip');
  const packed = await run(['app', 'pack', folder, '-o', archive]);
  t.is(packed.code, 0, packed.output);
  t.true(existsSync(archive));
  for (const target of [folder, path.join(folder, 'simple.app.conf'), archive]) {
    const { code, output } = await run(['app', 'check', target]);
    t.is(output, 'simple-app 1.0 is a valid application\n');
    t.is(code, 0);
  }
});

test('app check prints every error on a line of its own and ends with status 2', async (t) => {
  const text = appText()
    .replace('type: log }', 'type: logs }')
    .replace('resumable: true', 'resumable: often');
  const folder = appFolder(t, text);
  const { code, output } = await run(['app', 'check', folder]);
  t.is(code, 2);
  t.regex(output, /^clearml_agent: ERROR: simple\.app\.conf has 2 errors$/m);
  t.regex(output, /^ {2}\S+simple\.app\.conf:11: resumable: expected true or false, found "often"$/m);
  t.regex(output, /^ {2}\S+simple\.app\.conf:\d+: dashboard\.lines\.2\.contents\.0\.type: expected one of/m);
  t.notRegex(output, /\n {4}at /);
  const json = await run(['app', 'check', folder, '--json']);
  t.is(json.code, 2);
  t.like(JSON.parse(json.output), { valid: false, errors: [{ line: 11, field: 'resumable' }, { line: 60 }] });
});

test('app pack never writes over a file that it reads, and says why it cannot write', async (t) => {
  const folder = appFolder(t);
  const archive = path.join(folder, 'simple.zip');
  const misnamed = path.join(folder, 'simple.conf');
  renameSync(path.join(folder, 'simple.app.conf'), misnamed);
  const before = readFileSync(misnamed, 'utf8');
  const refused = await run(['app', 'pack', misnamed]);
  t.is(refused.code, 2);
  t.regex(
    refused.output,
    /^clearml_agent: ERROR: app pack takes a folder or a NAME\.app\.conf, \S+ is another file$/m,
  );
  t.is(readFileSync(misnamed, 'utf8'), before);
  const checked = await run(['app', 'check', misnamed]);
  t.regex(checked.output, /expected a name that ends with \.app\.conf/);
  renameSync(misnamed, path.join(folder, 'simple.app.conf'));
  t.is((await run(['app', 'pack', folder, '-o', archive])).code, 0);
  t.regex((await run(['app', 'pack', archive])).output, /app pack takes a folder or a NAME\.app\.conf/);
  for (const file of [path.join(folder, 'no', 'x.zip'), folder]) {
    const { code, output } = await run(['app', 'pack', folder, '-o', file]);
    t.is(code, 2);
    t.regex(output, /^clearml_agent: ERROR: cannot write \S+: /m);
    t.notRegex(output, /bug in the agent/);
  }
});

/** The words after `app`, in which `PATH` is a file with this content, and the message. */
const BAD: readonly [words: string, content: string | Buffer, message: RegExp][] = [
  [
    'check PATH/nowhere',
    '',
    /cannot read \S+nowhere: .+\n {2}Name an application: NAME\.app\.conf, its folder or a zip/,
  ],
  ['check', '', /app check takes one application: NAME\.app\.conf, its folder or a zip, got 0/],
  ['check PATH', 'no zip', /expected a zip archive that can be unpacked/],
  ['check PATH', zipOf({ '../a.app.conf': 'id: a' }), /invalid relative path/],
  [
    'check PATH',
    zipOf({ 'b/a.app.conf': 'id: a' }),
    /expected one file NAME\.app\.conf at the top, found b\/a\.app\.conf/,
  ],
  ['upload', '', /app upload takes archives, folders or application files, got none/],
  ['delete', '', /app delete takes the id of one application, got 0/],
  ['remove', '', /app takes check, pack, upload, list or delete, got "remove"/],
];

for (const [words, content, message] of BAD) {
  test(`app ${words} with ${JSON.stringify(String(content).slice(0, 6))} has one clear line (${message.source.slice(0, 30)})`, async (t) => {
    const file = path.join(temporaryFolder(t), 'a.zip');
    writeFileSync(file, content);
    const { code, output } = await run(
      ['app', ...words.split(' ')].map((word) => word.replace('PATH', file)),
    );
    t.is(code, 2, output);
    t.regex(output, message);
    t.notRegex(output, /\n {4}at /);
  });
}

test('the flags of the original scripts upload and delete, with the secret from the input', async (t) => {
  const agent = await agentUnderTest(t);
  const folder = appFolder(t);
  const { accessKey, secretKey } = agent.server.credentials;
  const secret = path.join(agent.home.folder, 'secret.txt');
  writeFileSync(secret, `${secretKey}\n`, { mode: 0o600 });
  const server = ['--host', agent.server.url, '--user', accessKey];
  const home = await agentHome();
  const upload = startAgent(['app', 'upload', ...server, '--files', folder], home, openSync(secret, 'r'));
  t.is((await upload.exited).code, 0, upload.output());
  t.is(upload.output(), 'Uploaded simple-app 1.0\n');
  const list = agent.agent('app', 'list');
  await list.exited;
  t.regex(list.output(), /simple-app +1\.0 +A simple application +Examples +custom_apps_queue +Tests/);
  const remove = startAgent(
    ['app', 'delete', ...server, '--password', secretKey, '-app', 'simple-app'],
    home,
  );
  t.is((await remove.exited).code, 0, remove.output());
  t.regex(remove.output(), /warning: --password shows the secret in the list of processes/);
  t.regex(remove.output(), /Deleted 1 version of simple-app/);
  t.false(remove.output().includes(secretKey));
  const again = agent.agent('app', 'delete', 'simple-app');
  t.is((await again.exited).code, 2);
  t.regex(again.output(), /the server has no application "simple-app"/);
});
