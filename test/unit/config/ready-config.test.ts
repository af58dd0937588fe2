import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { readyConfig } from '../../../src/config/ready-config.js';

function ready(text: string): { config: Config; warned: string[] } {
  const warned: string[] = [];
  const loaded = new Config({ env: {}, base: [textLayer(text, 'f', { env: {}, warn: () => undefined })] });
  const config = readyConfig(loaded, { home: '/h', say: () => undefined, warn: (line) => warned.push(line) });
  return { config, warned };
}

test('warnings are told, sections are carried out', (t) => {
  const { config, warned } = ready(
    'agent { git_usr: x, apply_environment: true }, environment { TRAINS_WORKER_NAME: w }',
  );
  t.deepEqual(warned, ['f:1: unknown key agent.git_usr; did you mean agent.git_user?']);
  t.is(config.string('agent.worker_name'), 'w');
});

test('wrong values end it, the first as the cause and the others as its detail', (t) => {
  const error = t.throws(() => ready('agent { debug: maybe, vcs_cache: 1 }'), { code: 'CONFIG_VALUE' });
  t.like(error, {
    message: 'f:1: agent.debug: expected true or false, found "maybe"',
    detail: 'f:1: agent.vcs_cache: expected a section { … }, found 1',
  });
});
