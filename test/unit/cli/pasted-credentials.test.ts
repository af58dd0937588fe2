import test from 'ava';
import { isWholeBlock, readPasted } from '../../../src/cli/init/pasted-credentials.js';

const expected = {
  accessKey: 'AK',
  secretKey: 'a#b"c=d',
  web: 'https://app.clear.ml',
  api: 'https://api.clear.ml',
  files: 'https://files.clear.ml',
};

const hocon = `api {
  # ClearML workspace {
  web_server: https://app.clear.ml
  api_server: https://api.clear.ml
  files_server: https://files.clear.ml
  credentials {
    "access_key" = "AK"
    "secret_key"  = "a#b\\"c=d"
  }
}`;

for (const [form, text] of [
  ['the web UI', hocon],
  [
    'JSON',
    JSON.stringify(
      {
        api: {
          web_server: expected.web,
          api_server: expected.api,
          files_server: expected.files,
          credentials: { access_key: 'AK', secret_key: expected.secretKey },
        },
      },
      null,
      2,
    ),
  ],
  [
    'JSON without the outer level',
    JSON.stringify({
      host: expected.api,
      web_server: expected.web,
      files_server: expected.files,
      credentials: { access_key: 'AK', secret_key: expected.secretKey },
    }),
  ],
  [
    'shell',
    `export CLEARML_WEB_HOST="https://app.clear.ml"\nexport CLEARML_API_HOST=https://api.clear.ml\nexport CLEARML_FILES_HOST=https://files.clear.ml\nexport CLEARML_API_ACCESS_KEY=AK\nexport CLEARML_API_SECRET_KEY='a#b"c=d'`,
  ],
  [
    'notebook',
    `%env CLEARML_WEB_HOST=https://app.clear.ml\n%env CLEARML_API_HOST=https://api.clear.ml\n%env CLEARML_FILES_HOST=https://files.clear.ml\n%env CLEARML_API_ACCESS_KEY=AK\n%env CLEARML_API_SECRET_KEY=a#b"c=d`,
  ],
  [
    'notebook with blanks',
    `%env CLEARML_WEB_HOST https://app.clear.ml\n%env CLEARML_API_HOST https://api.clear.ml\n%env CLEARML_FILES_HOST https://files.clear.ml\n%env CLEARML_API_ACCESS_KEY AK\n%env CLEARML_API_SECRET_KEY a#b"c=d`,
  ],
  [
    'PowerShell',
    `$env:CLEARML_WEB_HOST = "https://app.clear.ml"\n$env:CLEARML_API_HOST = "https://api.clear.ml"\n$env:CLEARML_FILES_HOST = "https://files.clear.ml"\n$env:CLEARML_API_ACCESS_KEY = "AK"\n$env:CLEARML_API_SECRET_KEY = 'a#b"c=d'`,
  ],
  [
    'compose file',
    `TRAINS_WEB_HOST: https://app.clear.ml\nTRAINS_API_HOST: https://api.clear.ml\nTRAINS_FILES_HOST: https://files.clear.ml\nTRAINS_API_ACCESS_KEY: AK\nTRAINS_API_SECRET_KEY: 'a#b"c=d'`,
  ],
] as const) {
  test(`read: ${form}`, (t) => {
    t.deepEqual(readPasted(text), expected);
  });
}

test('read: keys alone, nothing, nonsense', (t) => {
  t.deepEqual(readPasted('{"access_key": "AK", "secret_key": "SK"}'), { accessKey: 'AK', secretKey: 'SK' });
  t.deepEqual(readPasted('api.web_server: https://app.clear.ml'), { web: 'https://app.clear.ml' });
  t.deepEqual(readPasted('\n'), {});
  t.regex(readPasted('api { credentials {').problem ?? '', /pasted text/);
});

test('a block is whole at its last brace, not at an inner one or at one in a comment or text', (t) => {
  const lines = hocon.split('\n');
  for (let length = 1; length < lines.length; length += 1)
    t.false(isWholeBlock(lines.slice(0, length)), `${length}`);
  t.true(isWholeBlock(lines));
});

test('a block of variables is whole when it says what is needed, or at an empty line', (t) => {
  const lines = [
    'export CLEARML_API_HOST=https://api',
    'export CLEARML_API_ACCESS_KEY=a',
    'export CLEARML_API_SECRET_KEY=b',
  ];
  t.false(isWholeBlock(lines.slice(0, 2)));
  t.true(isWholeBlock(lines));
  t.true(isWholeBlock(['export CLEARML_API_ACCESS_KEY=a', '']));
  t.false(isWholeBlock([]));
  t.true(isWholeBlock(['']));
});
