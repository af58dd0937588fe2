import test from 'ava';
import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { renderConfig, shownValue } from '../../../src/config/render-config.js';

function configOf(text: string, env: Environment = {}): Config {
  const layer = textLayer(text, '/etc/clearml.conf', { env, warn: () => undefined });
  return new Config({ env, base: [layer], files: ['/etc/clearml.conf'] });
}

const RULES = `agent.sanitize_config_printout {
  dont_hide_secrets: ["^enable_git_ask_pass$"], hide_secrets: ["^sanitize_config_printout$", secret, pass, token]
  hide_secrets_recursive: ["^environment$"], docker_commands: ["^extra_docker_arguments$"], urls: ["^extra_index_url$"]
}
`;

function lines(config: Config, sources = false): string[] {
  return renderConfig(config, { version: '1.2', sources }).split('\n');
}

test('one line a value, as in a properties file', (t) => {
  const config = configOf(
    'a { b: [1, {c: x}], d: TRUE, e: null, f: [], g: {}, h: "p=q#r!\\ns", i: 3.10, j: "" }',
  );
  t.deepEqual(lines(config), [
    'Current configuration (clearml_agent v1.2, location: /etc/clearml.conf):',
    '----------------------',
    'a.b.0 = 1',
    'a.b.1.c = x',
    'a.d = true',
    String.raw`a.h = p\=q\#r\!\ `.trimEnd(),
    's',
    'a.i = 3.10',
    'a.j = ',
    '',
    '',
  ]);
  t.regex(renderConfig(new Config({ env: {}, base: [] }), { version: '1' }), /location: None/);
});

test('secrets are hidden, lifetimes and what is exempt are not', (t) => {
  const config = configOf(`${RULES}
agent { git_pass: x, enable_git_ask_pass: true, git.extra_credentials: [{ user: u, pass: p }], hg_pass: ""
  extra_docker_arguments: ["-e", "A=b", "--env=C=d", "-v", "/x:/y"]
  package_manager.extra_index_url: ["https://u:p@h/s", "https://token@h/s", "https://h/s"] }
api.auth { token_expiration_threshold_sec: 5, my_token: t }
environment { NAME: value }
sdk { aws.s3 { key: k, secret: s }, list: [{ password: p, user: u }] }`);
  t.deepEqual(lines(config).slice(2, -2), [
    'agent.sanitize_config_printout = ****',
    'agent.git_pass = ****',
    'agent.enable_git_ask_pass = true',
    'agent.git.extra_credentials = ****',
    'agent.hg_pass = ',
    'agent.extra_docker_arguments.0 = -e',
    String.raw`agent.extra_docker_arguments.1 = A\=****`,
    String.raw`agent.extra_docker_arguments.2 = --env\=C\=****`,
    'agent.extra_docker_arguments.3 = -v',
    'agent.extra_docker_arguments.4 = /x:/y',
    'agent.package_manager.extra_index_url.0 = https://u:****@h/s',
    'agent.package_manager.extra_index_url.1 = https://****@h/s',
    'agent.package_manager.extra_index_url.2 = https://h/s',
    'api.auth.token_expiration_threshold_sec = 5',
    'api.auth.my_token = ****',
    'environment.NAME = ****',
    'sdk.aws.s3.key = k',
    'sdk.aws.s3.secret = ****',
    'sdk.list.0.password = ****',
    'sdk.list.0.user = u',
  ]);
});

test('each value with its source and what it overrode, secrets hidden there too', (t) => {
  const env = { CLEARML_WORKER_NAME: 'w', CLEARML_AGENT_GIT_PASS: 'p' };
  const config = configOf(`agent {\n worker_name: f\n git_pass: old\n list: [\n {a: 1} ] }`, env);
  t.deepEqual(lines(config, true).slice(2, -2), [
    'agent.worker_name = w  # variable CLEARML_WORKER_NAME, over /etc/clearml.conf:2 (f)',
    'agent.git_pass = ****  # variable CLEARML_AGENT_GIT_PASS, over /etc/clearml.conf:3',
    'agent.list.0.a = 1  # /etc/clearml.conf:4',
  ]);
});

test('one value, hidden when it is secret', (t) => {
  const config = configOf(`${RULES} agent { git_user: u, git_pass: p, vcs_cache { path: x } }`);
  t.deepEqual(
    ['agent.git_user', 'agent.git_pass', 'agent.vcs_cache', 'agent.none'].map((key) =>
      shownValue(config, key),
    ),
    ['u', '****', { path: 'x' }, undefined],
  );
});
