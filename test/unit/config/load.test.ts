import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadConfig } from '../../../src/config/load.js';
import { describeSource } from '../../../src/config/source.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A home folder with the given files, readable by their owner alone. */
function home(t: ExecutionContext, files: Record<string, string> = {}): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  }
  return folder;
}

test('without any file there are the shipped defaults', (t) => {
  const config = loadConfig({ env: {}, home: home(t) });
  t.is(config.raw('agent.package_manager.type'), 'pip');
  t.deepEqual([config.files, config.warnings], [[], []]);
});

test('both files of the home folder are read, clearml.conf is the stronger', (t) => {
  const folder = home(t, { 'trains.conf': 'agent { a: 1, b: 1 }', 'clearml.conf': 'agent {\n b: 2 }' });
  const config = loadConfig({ env: {}, home: folder });
  t.deepEqual([config.raw('agent.a'), config.raw('agent.b')], [1, 2]);
  t.deepEqual(config.files, [path.join(folder, 'trains.conf'), path.join(folder, 'clearml.conf')]);
  t.is(describeSource(config.source('agent.b')), `${path.join(folder, 'clearml.conf')}:2`);
});

test('a file named by a variable takes the place of those, a flag the place of the variable', (t) => {
  const folder = home(t, { 'clearml.conf': 'x: home', 'a.conf': 'x: variable', 'b.conf': 'x: flag' });
  const env = { TRAINS_CONFIG_FILE: '~/a.conf', FOLDER: folder };
  t.is(loadConfig({ env, home: folder }).raw('x'), 'variable');
  t.is(loadConfig({ env, home: folder, configFile: '$FOLDER/b.conf' }).raw('x'), 'flag');
});

test('a missing file is a warning when a variable names it and an error when the flag does', (t) => {
  const folder = home(t, { 'clearml.conf': 'x: home' });
  const config = loadConfig({ env: { CLEARML_CONFIG_FILE: '~/no.conf' }, home: folder });
  t.is(config.raw('x'), undefined);
  t.regex(config.warnings.join('\n'), /^CLEARML_CONFIG_FILE names the file .*no\.conf, which does not exist/);
  t.throws(() => loadConfig({ env: {}, home: folder, configFile: '/no/such.conf' }), {
    code: 'CONFIG_FILE',
    message: '--config-file: expected a configuration file, found nothing at /no/such.conf',
  });
});

test('a folder where a file is expected is named, with what makes such folders', (t) => {
  const folder = home(t, { 'clearml.conf/keep': '' });
  const error = t.throws(() => loadConfig({ env: {}, home: folder }), { code: 'CONFIG_FILE' });
  t.is(error?.message, `${folder}/clearml.conf: expected a configuration file, found a folder`);
});

test('a file that cannot be opened is named', (t) => {
  const folder = home(t);
  fs.symlinkSync('clearml.conf', path.join(folder, 'clearml.conf'));
  t.throws(() => loadConfig({ env: {}, home: folder }), {
    code: 'CONFIG_FILE',
    message: `${folder}/clearml.conf: expected a readable configuration file, found: ELOOP`,
  });
});

test('a list is no configuration file', (t) => {
  const folder = home(t, { 'clearml.conf': '[1, 2]' });
  t.throws(() => loadConfig({ env: {}, home: folder }), { code: 'CONFIG_SYNTAX', message: /found a list/ });
});

test('credentials that others can read are a warning', (t) => {
  const folder = home(t, {
    'clearml.conf': 'api { credentials { secret_key: "x" } }',
    'trains.conf': 'a: 1',
  });
  for (const name of ['clearml.conf', 'trains.conf']) fs.chmodSync(path.join(folder, name), 0o644);
  const { warnings } = loadConfig({ env: {}, home: folder });
  const file = path.join(folder, 'clearml.conf');
  t.deepEqual(warnings, [
    `${file} holds credentials and other users of this machine can read it; run: chmod 600 ${file}`,
  ]);
});

test('the folder of CLEARML_CONFIG_PATH: each file is the section of its name', (t) => {
  const folder = home(t, {
    'conf/default/agent.conf': '\nworker_name: general',
    'conf/default/deep/er.conf': 'x: 1',
    'conf/default/notes.txt': 'not { parsed',
    'conf/demo/agent.conf': 'worker_name: demo',
    'clearml.conf': 'agent.a: 1',
  });
  const env = { CLEARML_CONFIG_PATH: '~/conf' };
  const config = loadConfig({ env, home: folder });
  t.is(config.raw('agent.worker_name'), 'general');
  t.is(describeSource(config.source('agent.worker_name')), `${folder}/conf/default/agent.conf:2`);
  t.is(config.raw('deep.er.x'), 1);
  t.is(config.raw('agent.a'), 1);
  t.is(loadConfig({ env: { ...env, TRAINS_ENV: 'demo' }, home: folder }).raw('agent.worker_name'), 'demo');
  t.deepEqual(loadConfig({ env: { CLEARML_CONFIG_PATH: '/no/such' }, home: folder }).raw('agent.a'), 1);
  t.throws(() => loadConfig({ env: { ...env, TRAINS_ENV: 'x' }, home: folder }), {
    code: 'CONFIG_VALUE',
    message: 'TRAINS_ENV: expected default, demo, local, found "x"',
  });
});

test('flags beat everything and are named as flags', (t) => {
  const env = { CLEARML_WORKER_NAME: 'variable' };
  const flags = { agent: { worker_name: 'flag', debug: true } };
  const config = loadConfig({ env, home: home(t), flags });
  t.is(config.agent.workerName, 'flag');
  t.is(describeSource(config.source('agent.debug')), 'flag --debug');
});

test('a text that is taken from outside cannot change the shipped defaults', (t) => {
  const folder = home(t, { 'clearml.conf': 'agent { forbidden_docker_args += [privileged] }' });
  t.deepEqual(loadConfig({ env: {}, home: folder }).agent.forbiddenDockerArgs, ['privileged']);
  t.deepEqual(loadConfig({ env: {}, home: home(t) }).agent.forbiddenDockerArgs, ['entrypoint']);
});
