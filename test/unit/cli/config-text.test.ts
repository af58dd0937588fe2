import test from 'ava';
import { agentSection, newConfigText } from '../../../src/cli/init/config-text.js';
import { parseHocon } from '../../../src/config/hocon/parse-hocon.js';

const agent = {
  gitUser: 'me',
  gitPass: 'p"#${x}\\n',
  gitHosts: ['github.com', 'git.example:8443'],
  extraIndexUrls: ['https://a/simple', 'https://u:p@b/simple'],
  workerName: 'box',
};
const hosts = { web: 'https://app.x', api: 'https://api.x', files: 'https://files.x' };

test('what was answered is what the file says', (t) => {
  const text = newConfigText(
    { hosts, accessKey: 'A K', secretKey: '$ec"ret', outputUri: 's3://bucket/a b' },
    agent,
  );
  t.deepEqual<unknown, unknown>(parseHocon(text, { file: 'x', env: {} }).root, {
    api: {
      web_server: hosts.web,
      api_server: hosts.api,
      files_server: hosts.files,
      credentials: { access_key: 'A K', secret_key: '$ec"ret' },
    },
    agent: {
      worker_name: 'box',
      git_user: 'me',
      git_pass: agent.gitPass,
      git: { credential_hosts: agent.gitHosts },
      package_manager: { extra_index_url: agent.extraIndexUrls },
    },
    sdk: { development: { default_output_uri: 's3://bucket/a b' } },
  });
});

test('nothing answered: nothing but empty values', (t) => {
  const none = { gitUser: '', gitPass: '', gitHosts: [], extraIndexUrls: [], workerName: '' };
  t.deepEqual<unknown, unknown>(parseHocon(agentSection(none), { file: 'x', env: {} }).root, {
    agent: {
      worker_name: '',
      git_user: '',
      git_pass: '',
      git: { credential_hosts: [] },
      package_manager: { extra_index_url: [] },
    },
  });
});
