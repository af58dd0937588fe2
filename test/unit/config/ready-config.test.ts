import test from 'ava';
import { Config, type Environment } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { type ReadyOptions, readyConfig, type VaultRecord } from '../../../src/config/ready-config.js';

/** Readies a configuration text; what was said and warned comes with it. */
async function ready(text: string, fetchVaults?: ReadyOptions['fetchVaults'], env: Environment = {}) {
  const told: string[] = [];
  const loaded = new Config({ env, base: [textLayer(text, 'f', { env, warn: () => undefined })] });
  const config = await readyConfig(loaded, {
    home: '/h',
    say: (line) => told.push(line),
    warn: (line) => told.push(`warning: ${line}`),
    ...(fetchVaults ? { fetchVaults } : {}),
  });
  return { config, told };
}

function server(vaults: { config?: VaultRecord[]; monitoring?: VaultRecord[] }): ReadyOptions['fetchVaults'] {
  return async (type) => vaults[type] ?? [];
}

test('warnings are told, sections are carried out', async (t) => {
  const { config, told } = await ready(
    'agent { git_usr: x, apply_environment: true }, environment { TRAINS_WORKER_NAME: w }',
  );
  t.deepEqual(told, [
    'warning: f:1: unknown key agent.git_usr; did you mean agent.git_user?',
    'Variables set by the configuration: TRAINS_WORKER_NAME',
  ]);
  t.is(config.string('agent.worker_name'), 'w');
});

test('wrong values end it, the first as the cause and the others as its detail', async (t) => {
  const error = await t.throwsAsync(ready('agent { debug: maybe, vcs_cache: 1 }'), { code: 'CONFIG_VALUE' });
  t.like(error, {
    message: 'f:1: agent.debug: expected true or false, found "maybe"',
    detail: 'f:1: agent.vcs_cache: expected a section { … }, found 1',
  });
});

test('vaults are laid in and named; their sections are carried out too', async (t) => {
  const vault = { id: 'v1', scope: 'user', description: 'mine', data: 'agent.git_user: theirs' };
  const empty = { id: 'v2', data: ' ' };
  const section = { id: 'v3', data: 'agent.apply_environment: true, environment { A: 1 }' };
  const fetch = server({ config: [vault, empty, section], monitoring: [{ id: 'm', data: 'x: 1' }] });
  const { config, told } = await ready('agent.git_user: mine', fetch);
  t.deepEqual([config.string('agent.git_user'), config.env.A, config.value('x')], ['theirs', '1', 1]);
  t.deepEqual(told.slice(0, 2), ['Loaded vault mine (user)', 'Loaded vault v3']);
});

test('vaults can be switched off, and a server that fails to tell them stops nothing', async (t) => {
  const off = await ready('', () => t.fail('asked for vaults') as never, {
    CLEARML_AGENT_DISABLE_VAULT_SUPPORT: '1',
  });
  t.deepEqual(off.told, ['Vault support is disabled']);
  const failing = await ready('', async () => Promise.reject(new Error('away')));
  t.deepEqual(failing.told, [
    'warning: failed to get the config vaults, going on without them: away',
    'warning: failed to get the monitoring vaults, going on without them: away',
  ]);
});
