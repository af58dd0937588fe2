import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { serverOptions } from '../../../src/cli/server/server-options.js';
import { isAgentError } from '../../../src/errors.js';
import { loadServerConfig } from '../../../src/server/config/load-config.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** By key: a value that no server can use, and what is said about it. */
const WRONG: readonly [key: string, value: string, cause: string][] = [
  ['apiserver.listen.port', '99999', 'expected a port of at most 65535, found 99999'],
  ['webserver.path_prefix', '"clearml"', 'expected a path such as /clearml, found "clearml"'],
  [
    'apiserver.proxies.trusted',
    '["10.0.0.0/99"]',
    'expected addresses and networks such as 10.0.0.0/8, found "10.0.0.0/99"',
  ],
  ['apiserver.tls.key', '/x.pem', 'expected apiserver.tls.cert (--tls-cert) with it'],
  [
    'webserver.displayed_urls.files',
    '"ftp://x"',
    'expected a URL such as https://files.example.com, found "ftp://x"',
  ],
  [
    'apiserver.cors.origins',
    '["https://app.example.com/"]',
    'expected "*" or origins such as https://app.example.com, found "https://app.example.com/"',
  ],
  [
    'apiserver.cors.origins',
    '["*", "example.com"]',
    'expected "*" or origins such as https://app.example.com, found "example.com"',
  ],
  [
    'apiserver.allowed_hosts',
    '["http://clearml.lan"]',
    'expected names such as clearml.lan or .example.com, found "http://clearml.lan"',
  ],
  [
    'apiserver.allowed_hosts',
    '["clearml.lan:8080"]',
    'expected names such as clearml.lan or .example.com, found "clearml.lan:8080"',
  ],
];

for (const [key, value, cause] of WRONG)
  test(`${key} = ${value} is refused with its place`, (t) => {
    const folder = temporaryFolder(t);
    const [section = '', ...rest] = key.split('.');
    const file = path.join(folder, `${section}.conf`);
    fs.writeFileSync(file, `# a comment\n${rest.join('.')}: ${value}\n`, { mode: 0o600 });
    const config = loadServerConfig({ env: { CLEARML_CONFIG_DIR: folder } });
    const error = t.throws(() => serverOptions(config), { message: `${file}:2: ${key}: ${cause}` });
    t.true(isAgentError(error, 'CONFIG_VALUE'));
  });

test('names of hosts and origins that browsers send are taken', (t) => {
  const folder = temporaryFolder(t);
  fs.writeFileSync(
    path.join(folder, 'apiserver.conf'),
    'allowed_hosts: [clearml.lan, ".example.com", "Server-1"]\ncors.origins: ["*", "https://app.example.com", "http://localhost:8080", "null"]\n',
    { mode: 0o600 },
  );
  t.notThrows(() => serverOptions(loadServerConfig({ env: { CLEARML_CONFIG_DIR: folder } })));
});
