import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { Config } from '../../../../src/config/config.js';
import { textLayer } from '../../../../src/config/config-files.js';
import { shippedLayer } from '../../../../src/config/load.js';
import { applySections, writeFile } from '../../../../src/config/sections/apply-sections.js';
import { configuredEnvironment } from '../../../../src/config/sections/environment-section.js';
import { configuredFiles } from '../../../../src/config/sections/files-section.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

function configOf(text: string, env: Record<string, string> = {}): Config {
  return new Config({ env, base: [shippedLayer(), textLayer(text, 'f', { env, warn: () => undefined })] });
}

test('variables are texts: numbers as written, booleans as Python writes them', (t) => {
  t.deepEqual(
    configuredEnvironment(configOf('environment { A: 2.0, B: true, C: null, D: [1, x], E: " s " }')),
    {
      A: '2.0',
      B: 'True',
      C: '',
      D: '[1,"x"]',
      E: ' s ',
    },
  );
  t.deepEqual(configuredEnvironment(configOf('environment: [[A, 1], [B, x]]')), { A: '1', B: 'x' });
});

test('either section can be switched off, by key and by variable', (t) => {
  const text = 'environment { A: 1 }, files { f { path: "/x", contents: y } }';
  t.deepEqual(configuredEnvironment(configOf(`${text}, agent.apply_environment: false`)), {});
  t.deepEqual(configuredFiles(configOf(text, { CLEARML_AGENT_ENABLE_FILES_CONFIG_SECTION: '0' }), '/h'), []);
  const on = { CLEARML_AGENT_ENABLE_ENV_CONFIG_SECTION: '1' };
  t.deepEqual(configuredEnvironment(configOf(`${text}, agent.apply_environment: false`, on)), { A: '1' });
});

test('something else than a section is refused with its place', (t) => {
  t.throws(() => configuredEnvironment(configOf('environment: abc')), {
    code: 'CONFIG_VALUE',
    message: 'environment: expected a section { … }, found "abc" (f:1)',
  });
  t.throws(() => configuredFiles(configOf('files: 5'), '/h'), { code: 'CONFIG_VALUE' });
});

const REFUSED: readonly [entry: string, reason: string][] = [
  ['x', 'expected { path, contents }, found something else'],
  ['{ contents: x }', 'it has no path'],
  ['{ path: "/x" }', 'it has no contents'],
  ['{ path: "/x", contents: a, format: base64 }', 'the contents are not base64'],
  ['{ path: "/x", contents: [a], format: base64 }', 'base64 contents have to be a text'],
  ['{ path: "/x", contents: a, target_format: bytes }', 'target_format bytes needs contents in base64'],
  [
    '{ path: "/x", contents: "//79", format: base64 }',
    'the contents are not UTF-8; target_format bytes writes them as they are',
  ],
];

for (const [entry, refused] of REFUSED) {
  test(`the file ${entry} is left out: ${refused}`, (t) => {
    t.deepEqual(configuredFiles(configOf(`files { f: ${entry} }`), '/h'), [{ label: 'f', refused }]);
  });
}

test('a file that is asked for: path, mode and whether it replaces', (t) => {
  const text = 'files { f { path: "~/$SUB/x", contents: 1.50, mode: 0o640, overwrite: "false" } }';
  t.deepEqual(configuredFiles(configOf(text, { SUB: 'deep' }), '/home/u'), [
    { label: 'f', path: '/home/u/deep/x', content: '1.5', overwrite: false, mode: 0o640 },
  ]);
  const [odd] = configuredFiles(configOf('files { f { path: "/x", contents: x, mode: 999 } }'), '/h');
  t.like(odd, { content: 'x', note: 'mode 999 is left out, an octal number such as "640" is expected' });
});

test('JSON is readable as ASCII, YAML quotes what could be misread', (t) => {
  const contents =
    'contents: { s: "é", w: "true", num: "12", d: "2024-01-02", c: "a: b", e: "", l: [x, [1]], o: {} }';
  const content = (format: string) =>
    configuredFiles(configOf(`files { f { path: "/x", target_format: ${format}, ${contents} } }`), '/h').map(
      (file) => ('content' in file ? file.content : ''),
    )[0];
  t.true(String(content('json')).includes(String.raw`"s": "\u00e9"`));
  t.is(
    content('yml'),
    's: "é"\nw: "true"\nnum: "12"\nd: "2024-01-02"\nc: "a: b"\ne: ""\nl: \n  - x\n  - \n    - 1\no: {}',
  );
});

test('sections are carried out: what is said, what is written, what the configuration sees', (t) => {
  const home = temporaryFolder(t);
  fs.mkdirSync(path.join(home, 'folder'));
  fs.writeFileSync(path.join(home, 'kept'), 'old');
  const said: string[] = [];
  const config = applySections(
    configOf(`environment { CLEARML_AGENT_GIT_USER: bot, SUB: deep }
files {
  a { path: "~/\${SUB}/a", contents: "x", mode: "600" }
  b { path: "~/folder", contents: x }
  c { path: "~/kept", contents: new, overwrite: false }
  d { path: "~/kept/below", contents: x }
}`),
    { home, say: (line) => said.push(line) },
  );
  t.is(config.agent.gitUser, 'bot');
  t.is(fs.readFileSync(path.join(home, 'deep/a'), 'utf8'), 'x');
  t.is(fs.statSync(path.join(home, 'deep/a')).mode & 0o777, 0o600);
  t.is(fs.readFileSync(path.join(home, 'kept'), 'utf8'), 'old');
  t.deepEqual(said.slice(0, 5), [
    'Variables set by the configuration: CLEARML_AGENT_GIT_USER, SUB',
    'Creating files from configuration',
    `Saved [a]: ${home}/deep/a`,
    `Skipped [b]: ${home}/folder is a folder`,
    `Skipped [c]: ${home}/kept exists`,
  ]);
  t.regex(said[5] ?? '', /^Skipped \[d\]: (ENOTDIR|EEXIST)/);
});

test('nothing to do is nothing said', (t) => {
  const config = configOf('');
  const same = applySections(config, { home: '/h', say: (line) => t.fail(line) });
  t.is(same, config);
  t.deepEqual(writeFile({ label: 'f', refused: 'why' }), ['Skipped [f]: why']);
});
