import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isAgentError } from '../../../../src/errors.js';
import { programAccounts } from '../../../../src/server/config/configured-users.js';
import { type LoadServerConfigOptions, loadServerConfig } from '../../../../src/server/config/load-config.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** A configuration folder with these files. */
function folderWith(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  }
  return folder;
}

function load(options: LoadServerConfigOptions) {
  return loadServerConfig({ defaultFolder: '/nonexistent', ...options });
}

function refusal(t: ExecutionContext, options: LoadServerConfigOptions): string {
  const error = t.throws(() => load(options));
  t.true(isAgentError(error), String(error));
  return isAgentError(error) ? `${error.code} ${error.exitStatus} ${error.message}` : '';
}

test('without files and variables, the defaults of the table apply', (t) => {
  const config = load({ env: {} });
  t.is(config.get('apiserver.listen.port'), 8008);
  t.is(config.get('apiserver.auth.cookies.samesite'), 'lax');
  t.is(config.get('apiserver.auth.cookies.domain'), undefined);
  t.deepEqual(config.get('apiserver.cors.origins'), ['*']);
  t.is(config.placeOf('apiserver.listen.port'), 'not set');
});

test('files and folders of them are laid over each other, a later folder over an earlier one', (t) => {
  const first = folderWith(t, {
    'apiserver.conf': '{ listen { port: 9000, ip: "10.0.0.1" } }',
    'services.conf': 'tasks { non_responsive_tasks_watchdog { threshold_sec: 60, watch_interval_sec: 5 } }',
    'services/tasks.conf': 'non_responsive_tasks_watchdog.threshold_sec: 61',
  });
  const second = folderWith(t, { 'apiserver.conf': '# port\nlisten.port = 9001\n' });
  const config = load({ env: { CLEARML_CONFIG_DIR: `${first}:${second}` } });
  t.is(config.get('apiserver.listen.port'), 9001);
  t.is(config.placeOf('apiserver.listen.port'), `${path.join(second, 'apiserver.conf')}:2`);
  t.is(config.get('apiserver.listen.ip'), '10.0.0.1');
  t.is(config.get('services.tasks.non_responsive_tasks_watchdog.threshold_sec'), 61);
  t.is(config.get('services.tasks.non_responsive_tasks_watchdog.watch_interval_sec'), 5);
});

test('the default folder is read if no variable names one', (t) => {
  const defaultFolder = folderWith(t, { 'apiserver.conf': 'listen.port: 9002' });
  t.is(loadServerConfig({ env: {}, defaultFolder }).get('apiserver.listen.port'), 9002);
  const empty = folderWith(t, {});
  t.is(
    loadServerConfig({ env: { CLEARML_CONFIG_DIR: empty }, defaultFolder }).get('apiserver.listen.port'),
    8008,
  );
});

test('variables have lower-cased paths and JSON values', (t) => {
  const config = load({
    env: {
      CLEARML__APISERVER__AUTH__COOKIES: '{"secure": true, "max_age": 60}',
      CLEARML__APISERVER__AUTH__COOKIES__DOMAIN: '".clearml.example.com"',
      CLEARML__apiserver__auth__cookies__samesite: 'Strict',
      CLEARML__LOGGING__HANDLERS__TEXT_FILE__MAXBYTES: '1000',
      CLEARML__secure__credentials__apps__user_key: '0123456789',
      CLEARML__secure__credentials__apps__user_secret: 'a#b//c=d!',
      CLEARML__SDK__DEVELOPMENT__DEFAULT_OUTPUT_URI: '"s3://x"',
      CLEARML__APISERVER__CORS__ORIGINS: '[https-is-quoted, "https://b.example.com"]',
    },
  });
  t.is(config.get('apiserver.auth.cookies.secure'), true);
  t.is(config.get('apiserver.auth.cookies.max_age'), 60);
  t.is(config.get('apiserver.auth.cookies.domain'), '.clearml.example.com');
  t.is(config.get('apiserver.auth.cookies.samesite'), 'strict');
  t.is(config.get('logging.handlers.text_file.maxBytes'), 1000);
  t.deepEqual(config.get('secure.credentials'), {
    apps: { user_key: '0123456789', user_secret: 'a#b//c=d!' },
  });
  t.deepEqual(config.get('apiserver.cors.origins'), ['https-is-quoted', 'https://b.example.com']);
  t.is(config.placeOf('apiserver.auth.cookies.secure'), 'variable CLEARML__APISERVER__AUTH__COOKIES');
});

test('flags beat variables, and variables beat files', (t) => {
  const folder = folderWith(t, { 'apiserver.conf': 'listen { port: 9000, ip: "10.0.0.1" }' });
  const env = { CLEARML_CONFIG_DIR: folder, CLEARML__APISERVER__LISTEN__PORT: '9001' };
  t.is(load({ env }).get('apiserver.listen.port'), 9001);
  const config = load({ env, flags: { 'apiserver.listen.port': 9002, 'apiserver.listen.ip': undefined } });
  t.is(config.get('apiserver.listen.port'), 9002);
  t.is(config.placeOf('apiserver.listen.port'), 'flag --port');
  t.is(config.get('apiserver.listen.ip'), '10.0.0.1');
});

test('addresses for clients come from the variables of the guides', (t) => {
  const env = {
    APISERVER_URL_FOR_EXTERNAL_WORKERS: 'https://api.example.com',
    FILESERVER_URL_FOR_EXTERNAL_WORKERS: 'https://files.example.com',
  };
  const config = load({ env });
  t.is(config.get('webserver.displayed_urls.api'), 'https://api.example.com');
  const shown = load({
    env: { ...env, WEBSERVER__displayedServerUrls: '{"apiServer":"https://a.example.com"}' },
  });
  t.is(shown.get('webserver.displayed_urls.api'), 'https://a.example.com');
  t.is(shown.get('webserver.displayed_urls.files'), 'https://files.example.com');
});

test('keys and variables without a meaning here are named once, by reason', (t) => {
  const folder = folderWith(t, {
    'apiserver.conf': 'mongo.strict: true\nauth { verify_user_tokens: false }',
    'logging.conf': 'handlers { console { class: "logging.StreamHandler" }, text_file.maxBytes: 5 }',
    'other.conf': 'a: 1',
  });
  const config = load({
    env: { CLEARML_CONFIG_DIR: folder, CLEARML_MONGODB_SERVICE_HOST: 'mongo', APISERVER_WORKERS_NUMBER: '4' },
  });
  t.is(config.get('logging.handlers.text_file.maxBytes'), 5);
  t.deepEqual(config.notices, [
    `apiserver.mongo (${folder}/apiserver.conf:1), CLEARML_MONGODB_SERVICE_HOST without effect: this server needs no MongoDB, Elasticsearch or Redis`,
    `apiserver.auth.verify_user_tokens (${folder}/apiserver.conf:2), logging.handlers.console (${folder}/logging.conf:1) without effect: limits and formats of this server are fixed`,
    'APISERVER_WORKERS_NUMBER without effect: one process answers all requests',
    `${folder}/other.conf without effect: the server has no such section`,
  ]);
});

test('wrong keys and values are refused with their place', (t) => {
  const wrong = (text: string, file = 'apiserver.conf') => {
    const folder = folderWith(t, { [file]: text });
    return refusal(t, { env: { CLEARML_CONFIG_DIR: folder } }).replaceAll(folder, 'DIR');
  };
  t.is(
    wrong('auth {\n  fixed_userz.enabled: true\n}'),
    'CONFIG_VALUE 2 DIR/apiserver.conf:2: unknown key apiserver.auth.fixed_userz; did you mean apiserver.auth.fixed_users?',
  );
  t.is(
    wrong('listen.port: "many"'),
    'CONFIG_VALUE 2 DIR/apiserver.conf:1: apiserver.listen.port: expected a whole number, found "many"',
  );
  t.is(
    wrong('auth: 5'),
    'CONFIG_VALUE 2 DIR/apiserver.conf:1: apiserver.auth: expected a section { … }, found 5',
  );
  t.is(
    wrong('auth.cookies.samesite: maybe'),
    'CONFIG_VALUE 2 DIR/apiserver.conf:1: apiserver.auth.cookies.samesite: expected one of lax, strict, none, found "maybe"',
  );
  t.is(
    wrong('credentials: "secret words"', 'secure.conf'),
    'CONFIG_VALUE 2 DIR/secure.conf:1: secure.credentials: expected a section { … }, found something else',
  );
  t.regex(wrong('listen {'), /^CONFIG_SYNTAX 2 DIR\/apiserver.conf:1:9: expected /);
});

test('wrong variables and folders are refused by name', (t) => {
  t.is(
    refusal(t, { env: { CLEARML__APISERVER__LISTEN__PROT: '1' } }),
    'CONFIG_VALUE 2 variable CLEARML__APISERVER__LISTEN__PROT: unknown key apiserver.listen.prot; did you mean apiserver.listen.port?',
  );
  t.is(
    refusal(t, { env: { CLEARML__APISERVER__CORS__ORIGINS: '["a"' } }),
    "CONFIG_VALUE 2 CLEARML__APISERVER__CORS__ORIGINS: the value does not parse: expected ']', found the end of the text",
  );
  t.is(
    refusal(t, { env: { CLEARML__APISERVER____PORT: '1' } }),
    'CONFIG_VALUE 2 CLEARML__APISERVER____PORT: expected a key after "CLEARML__", found an empty part',
  );
  t.is(
    refusal(t, { env: { WEBSERVER__displayedServerUrls: 'https://x' } }),
    'CONFIG_VALUE 2 WEBSERVER__displayedServerUrls: expected a JSON object with apiServer and filesServer, found "https://x"',
  );
  t.is(
    refusal(t, { env: { CLEARML_CONFIG_DIR: '/nonexistent/config' } }),
    'CONFIG_FILE 2 CLEARML_CONFIG_DIR: expected a folder at /nonexistent/config, found nothing',
  );
});

test('the secret alone of an account of the released server is no mistake, that of another one is', (t) => {
  const half = (name: string) =>
    load({ env: { [`CLEARML__SECURE__CREDENTIALS__${name}__USER_SECRET`]: '"my-new-secret"' } });
  const usual = half('APISERVER');
  t.deepEqual(programAccounts(usual), [
    { name: 'apiserver', role: 'system', displayName: undefined, keys: undefined },
  ]);
  t.deepEqual(usual.notices, [
    'secure.credentials.apiserver (variable CLEARML__SECURE__CREDENTIALS__APISERVER__USER_SECRET) without effect: it has no pair of user_key and user_secret, and no part of this server logs in',
  ]);
  t.throws(() => programAccounts(half('APPS_AGENT')), { message: /expected a role of/ });
  const other = load({
    env: {
      CLEARML__SECURE__CREDENTIALS__APPS_AGENT__USER_SECRET: 's',
      CLEARML__SECURE__CREDENTIALS__APPS_AGENT__ROLE: 'admin',
    },
  });
  t.throws(() => programAccounts(other), {
    message: /expected user_key and user_secret, found one of them$/,
  });
});
