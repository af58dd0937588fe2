import test from 'ava';
import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { shippedLayer } from '../../../src/config/load.js';
import { requireValid, type Validation, validateConfig } from '../../../src/config/validate.js';

function check(text: string, env: Environment = {}): Validation {
  const layer = textLayer(text, 'f', { env, warn: () => undefined });
  return validateConfig(new Config({ env, base: [shippedLayer(), layer], warnings: ['said while loading'] }));
}

const FINE: Validation = { warnings: ['said while loading'], errors: [] };

test('the shipped defaults and free sections are fine', (t) => {
  t.deepEqual(check('sdk { anything: 1 }, environment { A: 1 }, files {}, logging.x: 1'), FINE);
});

test('unknown keys name the nearest known one', (t) => {
  t.deepEqual(check('agent {\n git_usr: bob\n zzzzzzzz: 1\n}\nagnet.debug: true').warnings, [
    'said while loading',
    'f:2: unknown key agent.git_usr; did you mean agent.git_user?',
    'f:3: unknown key agent.zzzzzzzz',
    'f:5: unknown key agnet; did you mean agent?',
  ]);
});

const WRONG: readonly [text: string, error: string][] = [
  ['agent.reload_config: maybe', 'agent.reload_config: expected true or false, found "maybe"'],
  ['agent.vcs_cache: 5', 'agent.vcs_cache: expected a section { … }, found 5'],
  ['agent.venvs_cache.max_entries: 1.5', 'agent.venvs_cache.max_entries: expected a whole number, found 1.5'],
  ['agent.venvs_cache.lock_timeout: soon', 'agent.venvs_cache.lock_timeout: expected a number, found "soon"'],
  ['agent.git_user: [a]', 'agent.git_user: expected a text, found ["a"]'],
  ['agent.git_pass: [a]', 'agent.git_pass: expected a text, found something else'],
  [
    'agent.task_resources: "cpus, gpu"',
    'agent.task_resources: expected names out of cpus, memory, gpus, time, found "cpus, gpu"',
  ],
  [
    'agent.slurm.task_options: [cpus, colour]',
    'agent.slurm.task_options: expected names out of cpus, memory, gpus, time, account, qos, partition, constraint, found ["cpus","colour"]',
  ],
  [
    'api.api_server: "not a url"',
    'api.api_server: expected an address like http://host:8008, found "not a url"',
  ],
  [
    'api.host: "http://[::1"',
    'api.api_server: expected an address like http://host:8008, found "http://[::1"',
  ],
  [
    'api.credentials.access_key: """AB\nCD"""',
    'api.credentials.access_key: expected a text of one line, found "AB\\nCD"',
  ],
  [
    'api.credentials.secret_key: """AB\nCD"""',
    'api.credentials.secret_key: expected a text of one line, found something else',
  ],
  ['agent.gpu_reserve_after_sec: -1', 'agent.gpu_reserve_after_sec: expected a number, 0 or more, found -1'],
  ['agent.venvs_dir: true', 'agent.venvs_dir: expected a path, found true'],
  ['agent.uptime: [[1]]', 'agent.uptime: expected a text or a list of texts, found [[1]]'],
  [
    'agent.default_docker.match_rules: x',
    'agent.default_docker.match_rules: expected a list [ … ], found "x"',
  ],
  [
    'agent.docker_container_name_format_fields: x',
    'agent.docker_container_name_format_fields: expected a section { … }, found "x"',
  ],
];

for (const [text, error] of WRONG) {
  test(`${text} is an error`, (t) => {
    t.deepEqual(check(text).errors, [`f:1: ${error}`]);
  });
}

test('null and empty texts are not set, words are yes or no, numbers may be texts', (t) => {
  const text =
    'agent { vcs_cache: null, git_user: "", reload_config: yes, venvs_cache.max_entries: "5", debug: 0 }';
  t.deepEqual(check(text), FINE);
});

test('a value out of the list is a warning', (t) => {
  t.deepEqual(check('agent.package_manager { type: PIP, pytorch_resolve: pip3 }').warnings.slice(1), [
    'f:1: agent.package_manager.pytorch_resolve: expected one of pip, direct, none, found "pip3"',
  ]);
});

test('a key without effect gets one warning, and only if the user changed it', (t) => {
  t.deepEqual(check('agent.bootstrap { use_bootstrap: true, check_for_latest: false }'), FINE);
  const { warnings } = check('agent.bootstrap {\n check_for_latest: true\n}');
  t.is(warnings.length, 2);
  t.regex(warnings[1] ?? '', /^f:2: agent\.bootstrap\.check_for_latest has no effect: nothing is installed/);
});

test('variables: empty ones, ones without effect, mistyped ones', (t) => {
  const env = {
    CLEARML_API_HOST: '',
    TRAINS_WORKER_ID: ' ',
    CLEARML_AGENT_DEBUG_INFO: 'docker',
    CLEARML_AGENT_GIT_USR: 'x',
    CLEARML_AGENT__AGENT__GIT_USER: 'fine',
    CLEARML_AGENT_HOST_IP: '10.0.0.1',
    CLEARML_TASK_ID: '',
  };
  t.deepEqual(check('', env).warnings.slice(1), [
    'empty, and therefore ignored: CLEARML_API_HOST, TRAINS_WORKER_ID',
    'variable CLEARML_AGENT_DEBUG_INFO has no effect: --debug is not divided into topics',
    'unknown variable CLEARML_AGENT_GIT_USR; did you mean CLEARML_AGENT_GIT_USER?',
  ]);
});

test('a command stops at the first error, with the others under it, after it has told the warnings', (t) => {
  const told: string[] = [];
  const base = [
    textLayer('agent { debug: maybe, vcs_cache: 1, git_usr: x }', 'f', { env: {}, warn: () => undefined }),
  ];
  const error = t.throws(() => requireValid(new Config({ env: {}, base }), (line) => told.push(line)), {
    code: 'CONFIG_VALUE',
  });
  t.like(error, {
    message: 'f:1: agent.debug: expected true or false, found "maybe"',
    detail: 'f:1: agent.vcs_cache: expected a section { … }, found 1',
  });
  t.deepEqual(told, ['f:1: unknown key agent.git_usr; did you mean agent.git_user?']);
  t.notThrows(() => requireValid(new Config({ env: {}, base: [] }), () => t.fail()));
});
