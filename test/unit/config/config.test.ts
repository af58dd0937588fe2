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
  t.is(config.agent.gitUser, undefined);
  t.is(config.agent.gitPass, undefined);
  t.is(config.agent.defaultPython, '3.10');
  t.is(config.agent.gitHost, '5');
});

test('true and false: words are read, an absent key has the default of the table', (t) => {
  const config = configOf(
    'agent { reload_config: yes, translate_ssh: off, docker_force_pull: 1, debug: "" }',
  );
  t.deepEqual(
    [
      config.agent.reloadConfig,
      config.agent.translateSsh,
      config.agent.dockerForcePull,
      config.agent.debug,
      config.agent.dockerUseActivatedVenv,
    ],
    [true, false, true, false, true],
  );
});

test('numbers and lists', (t) => {
  const config = configOf(
    'agent { task_ping_interval_sec: "30", uptime: "1-2 MON", downtime: [1, x], git_user: "" }',
  );
  t.is(config.agent.taskPingIntervalSec, 30);
  t.is(config.agent.dynamicGpusReservationTimeoutSec, 600);
  t.is(config.agent.forceGitSshPort, undefined);
  t.deepEqual(config.agent.uptime, ['1-2 MON']);
  t.deepEqual(config.agent.downtime, ['1', 'x']);
});

test('a wrong type names key, value and place; never a secret', (t) => {
  const config = configOf(
    'agent {\n reload_config: maybe\n git_pass: [hidden]\n git_user { a: 1 }\n uptime: [[1]]\n}',
  );
  const message = (read: () => unknown) => t.throws(read, { code: 'CONFIG_VALUE' })?.message;
  t.is(
    message(() => config.agent.reloadConfig),
    'agent.reload_config: expected true or false, found "maybe" (/etc/clearml.conf:2)',
  );
  t.is(
    message(() => config.agent.gitPass),
    'agent.git_pass: expected a text, found something else (/etc/clearml.conf:3)',
  );
  t.regex(message(() => config.agent.gitUser) ?? '', /expected a text, found \{"a":1\}/);
  t.regex(message(() => config.agent.uptime) ?? '', /expected a text or a list of texts/);
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
  t.is(config.raw('agent.vcs_cache'), null);
  t.is(config.raw('agent.vcs_cache.path'), undefined);
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
  t.is(config.api.apiServer, 'http://old');
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
  t.is(config.agent.workerName, 'file');
  t.is(found.agent.workerName, 'host');
  t.is(describeSource(found.source('agent.worker_name')), 'the host name');
  t.deepEqual(
    [inside.agent.workerId, inside.agent.debug, inside.env.KEPT, config.agent.workerId],
    ['two', true, '1', 'one'],
  );
  t.is(inside.withEnvironment({ CLEARML_WORKER_ID: undefined }).agent.workerId, undefined);
});

test('a key that is empty has the default of its row; null is nothing where the row says so', (t) => {
  const text = `agent { kill_grace_sec: null, venvs_dir: "", docker_pip_cache: "", venvs_cache: null, default_docker.image: ""
    resource_monitoring.default_gpu_utilization: null, translate_ssh: null
    package_manager { pip_version: "", conda_channels: null, pytorch_resolve: unknown, type: " UV " }
    container_policy { images: null } }`;
  const { agent } = configOf(text);
  t.deepEqual(
    [agent.killGraceSec, agent.venvsDir, agent.dockerPipCache, agent.venvsCache.path],
    [10, '~/.clearml/venvs-builds', undefined, undefined],
  );
  t.deepEqual([agent.venvsCache.maxEntries, agent.defaultDocker.image], [10, 'nvidia/cuda']);
  t.deepEqual([agent.resourceMonitoring.defaultGpuUtilization, agent.translateSsh], [null, false]);
  const { pipVersion, condaChannels, pytorchResolve, type } = agent.packageManager;
  t.deepEqual([pipVersion, pytorchResolve, type], [[], 'pip', 'uv']);
  t.deepEqual(condaChannels, ['pytorch', 'conda-forge', 'nvidia', 'defaults']);
  t.deepEqual([agent.containerPolicy.images, agent.containerPolicy.devices], [[], undefined]);
});

test('a number below the lowest and an unknown choice are refused', (t) => {
  const { agent } = configOf('agent {\n git.timeout_sec: -1\n package_manager.type: npm\n}');
  t.throws(() => agent.git.timeoutSec, {
    code: 'CONFIG_VALUE',
    message: 'agent.git.timeout_sec: expected a number, 0 or more, found -1 (/etc/clearml.conf:2)',
  });
  t.throws(() => agent.packageManager.type, {
    code: 'CONFIG_VALUE',
    message:
      'agent.package_manager.type: expected one of pip, uv, poetry, conda, found "npm" (/etc/clearml.conf:3)',
  });
});

test('a key that is set is told apart from its default', (t) => {
  const key = 'agent.force_git_ssh_user';
  t.deepEqual(
    ['', `${key}: ""`, `${key}: git`].map((text) => configOf(text).isSet(key)),
    [false, false, true],
  );
});
