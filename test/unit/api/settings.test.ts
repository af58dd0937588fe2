import test from 'ava';
import { connectionSettings } from '../../../src/api/settings.js';
import { flatConfig } from '../../support/flat-config.js';

const config = {
  'api.api_server': 'http://h:8008/',
  'api.credentials.access_key': 'a',
  'api.credentials.secret_key': 's',
};

test('a limit of the API version is a version', (t) => {
  const settings = (text: string) =>
    connectionSettings(flatConfig({ config, env: { CLEARML_AGENT_FORCE_MAX_API_VERSION: text } }));
  t.is(settings('2.23').maxApiVersion, '2.23');
  t.throws(() => settings('zz'), {
    message: 'CLEARML_AGENT_FORCE_MAX_API_VERSION: expected a version such as 2.23, found "zz"',
  });
});

test('the address of the server is read without the slashes at its end', (t) => {
  t.is(connectionSettings(flatConfig({ config, env: {} })).server, 'http://h:8008');
  t.throws(
    () => connectionSettings(flatConfig({ config: { ...config, 'api.api_server': 'h:8008' }, env: {} })),
    {
      message: 'api.api_server: expected an address like http://host:8008, found "h:8008" (case)',
    },
  );
});
