import test from 'ava';
import { Config, type ConfigTree, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { shippedLayer } from '../../../src/config/load.js';
import { describeSource } from '../../../src/config/source.js';

function configOf(text: string, env: Environment = {}, flags?: ConfigTree): Config {
  return new Config({
    env,
    base: [shippedLayer(), textLayer(text, '/etc/clearml.conf', { env, warn: () => undefined })],
    top: flags === undefined ? [] : [{ tree: flags, source: { kind: 'flag', name: '--debug' } }],
  });
}

test('a text: empty and null are not set, a number keeps its form', (t) => {
  const config = configOf('agent { git_user: "", git_pass: null, default_python: 3.10, git_host: 5 }');
  t.is(config.string('agent.git_user'), undefined);
  t.is(config.string('agent.git_pass'), undefined);
  t.is(config.string('agent.default_python'), '3.10');
  t.is(config.string('agent.git_host'), '5');
  t.is(config.string('agent.no.such.key'), undefined);
});

test('true and false: words count, an absent key has the default of the table', (t) => {
  const config = configOf(
    'agent { reload_config: yes, translate_ssh: off, docker_force_pull: 1, debug: "" }',
  );
  t.deepEqual(
    [
      'reload_config',
      'translate_ssh',
      'docker_force_pull',
      'debug',
      'docker_use_activated_venv',
      'other',
    ].map((key) => config.boolean(`agent.${key}`)),
    [true, false, true, false, true, false],
  );
});

test('numbers and lists', (t) => {
  const config = configOf(
    'agent { task_ping_interval_sec: "30", uptime: "1-2 MON", downtime: [1, x], git_user: "" }',
  );
  t.is(config.number('agent.task_ping_interval_sec'), 30);
  t.is(config.number('agent.dynamic_gpus_reservation_timeout_sec'), 600);
  t.is(config.number('agent.force_git_ssh_port'), undefined);
  t.deepEqual(config.strings('agent.uptime'), ['1-2 MON']);
  t.deepEqual(config.strings('agent.downtime'), ['1', 'x']);
  t.deepEqual(config.strings('agent.git_user'), []);
  t.deepEqual(config.tree('agent.vcs_cache'), { enabled: true, path: '~/.clearml/vcs-cache' });
});

test('a wrong type names key, value and place; never a secret', (t) => {
  const config = configOf(
    'agent {\n reload_config: maybe\n git_pass: [hidden]\n git_user { a: 1 }\n uptime: [[1]]\n}',
  );
  const message = (read: () => unknown) => t.throws(read, { code: 'CONFIG_VALUE' })?.message;
  t.is(
    message(() => config.boolean('agent.reload_config')),
    'agent.reload_config: expected true or false, found "maybe" (/etc/clearml.conf:2)',
  );
  t.is(
    message(() => config.string('agent.git_pass')),
    'agent.git_pass: expected a text, found something else (/etc/clearml.conf:3)',
  );
  t.regex(message(() => config.number('agent.git_user')) ?? '', /expected a number/);
  t.regex(message(() => config.strings('agent.uptime')) ?? '', /expected a list of texts/);
  t.regex(message(() => config.tree('agent.reload_config')) ?? '', /expected a section/);
});

test('every value knows its layer and what it overrode', (t) => {
  const env = { CLEARML_WORKER_NAME: 'mapped', CLEARML_AGENT__AGENT__WORKER_NAME: 'dynamic' };
  const config = configOf('agent {\n worker_name: file\n}', env, { agent: { worker_name: 'flag' } });
  t.deepEqual(
    config.claims('agent.worker_name').map(({ value, source }) => `${value}: ${describeSource(source)}`),
    [
      'flag: flag --debug',
      'mapped: variable CLEARML_WORKER_NAME',
      'dynamic: variable CLEARML_AGENT__AGENT__WORKER_NAME',
      'file: /etc/clearml.conf:2',
      ': shipped default',
    ],
  );
  t.deepEqual(config.source('agent.nothing'), { kind: 'none', name: '' });
});

test('a plain value above a section ends what lower layers say', (t) => {
  const config = configOf('agent.vcs_cache: null');
  t.is(config.value('agent.vcs_cache'), null);
  t.is(config.value('agent.vcs_cache.path'), undefined);
  t.deepEqual(config.claims('agent.vcs_cache.path'), []);
});

test('variables: the first spelling that is set, trimmed; words and yes or no', (t) => {
  const config = configOf('', {
    CLEARML_API_HOST: ' ',
    TRAINS_API_HOST: ' http://old ',
    CLEARML_WORKER_TAGS: `a 'b c'`,
    CLEARML_AGENT_FORCE_UV: 'On',
    CLEARML_AGENT_FORCE_POETRY: 'perhaps',
  });
  t.is(config.variable('CLEARML_API_HOST'), 'http://old');
  t.is(config.string('api.api_server'), 'http://old');
  t.deepEqual(config.words('CLEARML_WORKER_TAGS'), ['a', 'b c']);
  t.is(config.flag('CLEARML_AGENT_FORCE_UV'), true);
  t.is(config.flag('CLEARML_AGENT_FORCE_TASK_INIT'), undefined);
  t.throws(() => config.flag('CLEARML_AGENT_FORCE_POETRY'), {
    code: 'CONFIG_VALUE',
    message: 'CLEARML_AGENT_FORCE_POETRY: expected yes or no, found "perhaps"',
  });
});

test('a changed configuration is another one', (t) => {
  const config = configOf('agent.worker_name: file', { CLEARML_WORKER_ID: 'one', KEPT: '1' });
  const found = config.withTree({ agent: { worker_name: 'host' } }, 'the host name');
  const inside = found.withEnvironment({ CLEARML_WORKER_ID: 'two', CLEARML_AGENT__AGENT__DEBUG: 'true' });
  t.is(config.string('agent.worker_name'), 'file');
  t.is(found.string('agent.worker_name'), 'host');
  t.is(describeSource(found.source('agent.worker_name')), 'the host name');
  t.deepEqual(
    [
      inside.string('agent.worker_id'),
      inside.boolean('agent.debug'),
      inside.env.KEPT,
      config.string('agent.worker_id'),
    ],
    ['two', true, '1', 'one'],
  );
  t.is(inside.withEnvironment({ CLEARML_WORKER_ID: undefined }).string('agent.worker_id'), undefined);
});
