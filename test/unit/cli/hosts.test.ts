import test from 'ava';
import { guessHosts, readAddress } from '../../../src/cli/init/hosts.js';

for (const [known, web, api, files] of [
  [{}, 'https://app.clear.ml', 'https://api.clear.ml', 'https://files.clear.ml'],
  [{ web: 'https://app.corp.com' }, 'https://app.corp.com', 'https://api.corp.com', 'https://files.corp.com'],
  [
    { api: 'https://api.corp.com:8443/x' },
    'https://app.corp.com:8443/x',
    'https://api.corp.com:8443/x',
    'https://files.corp.com:8443/x',
  ],
  [
    { web: 'http://demoapp.trains.io' },
    'http://demoapp.trains.io',
    'http://demoapi.trains.io',
    'http://demofiles.trains.io',
  ],
  [{ web: 'http://10.0.0.5:8080' }, 'http://10.0.0.5:8080', 'http://10.0.0.5:8008', 'http://10.0.0.5:8081'],
  [{ api: 'http://box:8008' }, 'http://box:8080', 'http://box:8008', 'http://box:8081'],
  [{ web: 'http://box' }, 'http://box', 'http://box:8008', 'http://box:8081'],
  [
    { api: 'https://ml.corp.com/clearml/api' },
    'https://ml.corp.com/clearml',
    'https://ml.corp.com/clearml/api',
    'https://ml.corp.com/clearml/files',
  ],
  [
    { web: 'https://app.corp.com', files: 's3://bucket' },
    'https://app.corp.com',
    'https://api.corp.com',
    's3://bucket',
  ],
] as const) {
  test(`hosts from ${JSON.stringify(known)}`, (t) => {
    t.deepEqual(guessHosts(known), { web, api, files });
  });
}

for (const [typed, address] of [
  ['https://api.clear.ml/', 'https://api.clear.ml'],
  ['api.clear.ml', 'https://api.clear.ml'],
  ['box:8008', 'http://box:8008'],
  [' http://user:secret@box:8008/api/?x=1 ', 'http://box:8008/api'],
  ['https://[::1]:8008', 'https://[::1]:8008'],
] as const) {
  test(`address "${typed}"`, (t) => {
    t.is(readAddress(typed), address);
  });
}

for (const typed of ['', 'https://', 'two words', 'http://host:99999']) {
  test(`no address: "${typed}"`, (t) => {
    t.like(
      t.throws(() => readAddress(typed)),
      { code: 'USAGE' },
    );
  });
}
