import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { textLayer } from '../../../src/config/config-files.js';
import { configSecrets } from '../../../src/secrets/config-secrets.js';

test('every secret of keys, credentials, addresses and variables, and nothing else', (t) => {
  const text = `api.credentials { access_key: a, secret_key: "s1" }
agent { git_user: u, git_pass: 1234, git.extra_credentials: [{ user: v, pass: s2, host: h }]
  package_manager.extra_index_url: ["https://w:s3@h/x", "https://s4@h/x", "https://h/x"] }
sdk.azure.storage.containers: [{ account_name: n, account_key: s5 }]`;
  const env = { CLEARML_AUTH_TOKEN: 's6', CLEARML_API_SECRET_KEY: '', CLEARML_WORKER_ID: 'w' };
  const config = new Config({ env, base: [textLayer(text, 'f', { env, warn: () => undefined })] });
  t.deepEqual(configSecrets(config).sort(), ['1234', 's1', 's2', 's3', 's4', 's5', 's6']);
  t.deepEqual(configSecrets(new Config({ env: {}, base: [] })), []);
});
