import test from 'ava';
import { mergeLayers } from '../../../src/config/layers.js';
import { mappedLayers } from '../../../src/config/mapped-variables.js';

test('each variable becomes its key in the type of the key', (t) => {
  const env = {
    CLEARML_API_HOST: ' http://h ',
    TRAINS_API_HOST: 'http://old',
    CLEARML_WEB_HOST: '',
    CPU_ONLY: 'yes',
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: `--ipc=host -e "A=b c"`,
    CLEARML_API_HOST_VERIFY_CERT: '/etc/ca.pem',
  };
  t.deepEqual(mergeLayers(mappedLayers(env)), {
    api: { api_server: 'http://h', verify_certificate: '/etc/ca.pem' },
    agent: { cpu_only: true, extra_docker_arguments: ['--ipc=host', '-e', 'A=b c'] },
  });
  t.deepEqual(mergeLayers(mappedLayers({ TRAINS_API_HOST_VERIFY_CERT: 'off' })), {
    api: { verify_certificate: false },
  });
});

test('the source is the spelling that was set', (t) => {
  t.deepEqual(
    mappedLayers({ TRAINS_WORKER_ID: 'w' }).map(({ source }) => source),
    [{ kind: 'variable', name: 'TRAINS_WORKER_ID' }],
  );
});

test('neither yes nor no is refused', (t) => {
  t.throws(() => mappedLayers({ CLEARML_CPU_ONLY: 'sometimes' }), {
    code: 'CONFIG_VALUE',
    message: 'CLEARML_CPU_ONLY: expected yes or no, found "sometimes"',
  });
});
