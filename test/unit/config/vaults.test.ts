import test from 'ava';
import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { describeSource } from '../../../src/config/source.js';
import { applyOwnerVaults, applyVaults } from '../../../src/config/vaults.js';

function configOf(text: string, env: Environment = {}): Config {
  return new Config({ env, base: [textLayer(text, 'f', { env, warn: () => undefined })] });
}

test('vaults beat files and dynamic variables, not the variables that stand for a key', (t) => {
  const env = { CLEARML_AGENT__AGENT__A: 'dynamic', CLEARML_AGENT_GIT_USER: 'mapped' };
  const vault = { name: 'team', text: 'agent {\n a: vault\n git_user: vault\n file: vault\n}' };
  const { config, warnings } = applyVaults(configOf('agent.file: file', env), [vault]);
  t.deepEqual(
    ['agent.a', 'agent.git_user', 'agent.file'].map((key) => config.raw(key)),
    ['vault', 'mapped', 'vault'],
  );
  t.is(describeSource(config.source('agent.a')), 'vault team, line 2');
  t.deepEqual(warnings, []);
});

test('a monitoring vault beats all of them, a later vault an earlier one', (t) => {
  const env = { CLEARML_AGENT_GIT_USER: 'mapped' };
  const vaults = [1, 2].map((n) => ({ name: `v${n}`, text: `x: ${n}` }));
  const { config } = applyVaults(configOf('', env), vaults, [
    { name: 'm', text: 'agent.git_user: monitoring' },
  ]);
  t.deepEqual([config.raw('x'), config.agent.gitUser], [2, 'monitoring']);
});

test('settings of the machine are kept, with a warning', (t) => {
  const text = 'agent { worker_name: theirs, cuda_version: 1, debug: true, other: 1 }';
  const mine = applyVaults(configOf('agent.worker_name: mine'), [{ name: 'v', text }]);
  t.is(mine.config.agent.workerName, 'mine');
  t.is(mine.config.raw('agent.other'), 1);
  t.true(mine.config.agent.debug);
  t.deepEqual(mine.warnings, [
    'vault v: agent.cuda_version is left as this machine has it',
    'vault v: agent.worker_name is left as this machine has it',
  ]);
  const debugging = applyVaults(configOf('agent.debug: false'), [{ name: 'v', text }]);
  t.false(debugging.config.agent.debug);
});

test('a vault that does not parse is left out, the others are used', (t) => {
  const { config, warnings } = applyVaults(configOf(''), [
    { name: 'bad', text: 'a: [' },
    { name: 'good', text: 'b: 1' },
  ]);
  t.is(config.raw('b'), 1);
  t.regex(warnings.join('\n'), /^a vault is left out: vault bad:1:5: expected ']'/);
});

test('vaults applied again take the place of the earlier ones', (t) => {
  const first = applyVaults(configOf(''), [{ name: 'v', text: 'a: 1, b: 1' }]).config;
  const second = applyVaults(first, [{ name: 'v', text: 'a: 2' }]).config;
  t.deepEqual([second.raw('a'), second.raw('b')], [2, undefined]);
});

test("an owner's vault says how code and packages are had, and nothing about the machine", (t) => {
  const file =
    'agent { git_pass: mine, worker_name: mine, extra_docker_arguments: [mine] }, api.api_server: mine';
  const text = `
    agent { git_pass: theirs, package_manager.type: poetry, worker_name: theirs, container_policy.mounts: ["/"] }
    agent.extra_docker_arguments: ["--privileged"]
    api.api_server: theirs
    sdk.a: theirs`;
  const { config, warnings } = applyOwnerVaults(configOf(file), [{ name: 'v', text }]);
  const keys = [
    'agent.git_pass',
    'agent.package_manager.type',
    'sdk.a',
    'agent.worker_name',
    'api.api_server',
  ];
  t.deepEqual(
    keys.map((key) => config.raw(key)),
    ['theirs', 'poetry', 'theirs', 'mine', 'mine'],
  );
  t.deepEqual(config.raw('agent.extra_docker_arguments'), ['mine']);
  t.is(config.raw('agent.container_policy.mounts'), undefined);
  t.deepEqual(warnings, []);
});

test("of the agent's own vaults an owner's task sees the agent's section alone", (t) => {
  const mine = applyVaults(configOf(''), [
    { name: 'mine', text: 'agent.docker_force_pull: true, sdk.key: secret' },
  ]);
  const { config } = applyOwnerVaults(mine.config, [{ name: 'theirs', text: 'sdk.other: 1' }]);
  t.deepEqual([config.raw('agent.docker_force_pull'), config.raw('sdk')], [true, { other: 1 }]);
});

test("an owner's vault does not read the variables of the agent", (t) => {
  const { config } = applyOwnerVaults(configOf('', { SECRET: 'of the agent' }), [
    { name: 'v', text: 'sdk.a: ${?SECRET}' },
  ]);
  t.is(config.raw('sdk.a'), undefined);
});
