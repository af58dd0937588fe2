import test from 'ava';
import type { DockerConfig } from '../../../../src/drivers/docker/connect/docker-config.js';
import { pullError } from '../../../../src/drivers/docker/image/pull-errors.js';
import { imageParts } from '../../../../src/drivers/docker/image/pull-image.js';
import { PullProgress } from '../../../../src/drivers/docker/image/pull-progress.js';
import { registryLogin } from '../../../../src/drivers/docker/image/registry-credentials.js';
import type { ErrorCode } from '../../../../src/errors.js';

test('an image without a tag is the latest', (t) => {
  const digest = `sha256:${'0'.repeat(64)}`;
  t.deepEqual(imageParts('busybox'), { fromImage: 'busybox', tag: 'latest' });
  t.deepEqual(imageParts('host:5000/team/image'), { fromImage: 'host:5000/team/image', tag: 'latest' });
  t.deepEqual(imageParts('host:5000/team/image:2'), { fromImage: 'host:5000/team/image', tag: '2' });
  t.deepEqual(imageParts(`image@${digest}`), { fromImage: 'image', tag: digest });
});

test('progress adds up layers', (t) => {
  const progress = new PullProgress();
  t.is(progress.text, '');
  const event = (id: string, status: string, current?: number, total?: number) =>
    progress.feed(JSON.stringify({ id, status, progressDetail: { current, total } }));
  event('latest', 'Pulling from library/busybox');
  event('a', 'Already exists');
  event('b', 'Pulling fs layer');
  t.is(progress.text, '1/2 layers');
  event('b', 'Downloading', 1_500_000, 6_000_000);
  t.is(progress.text, '1/2 layers, 1.5/6.0 MB');
  event('b', 'Extracting', 10, 6_000_000);
  event('b', 'Pull complete');
  progress.feed('{"status":"Status: Downloaded newer image"}');
  progress.feed('not JSON');
  t.is(progress.text, '2/2 layers, 6.0/6.0 MB');
  t.is(progress.error, undefined);
  progress.feed('{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}');
  t.is(progress.error, 'no space left on device');
});

test('a pull that succeeds has all layers, also of an engine that does not name their ends', (t) => {
  const progress = new PullProgress();
  for (const [id, status, current] of [
    ['a', 'Pulling fs layer', 0],
    ['a', 'Downloading', 500_000],
    ['a', 'Download complete', 0],
    ['b', 'Download complete', 0],
  ])
    progress.feed(JSON.stringify({ id, status, progressDetail: { current, total: 1_000_000 } }));
  t.is(progress.text, '0/2 layers, 0.5/1.0 MB');
  progress.complete();
  t.is(progress.text, '2/2 layers, 1.0/1.0 MB');
});

/** What engines of several versions said. */
const REASONS: readonly [string, ErrorCode, RegExp][] = [
  [
    "pull access denied for x, repository does not exist or may require 'docker login': denied",
    'DOCKER_IMAGE',
    /no access$/,
  ],
  ['Head "https://r/v2/x/manifests/1": no basic auth credentials', 'DOCKER_IMAGE', /no access$/],
  ['manifest for r/x:1 not found: manifest unknown: manifest unknown', 'DOCKER_IMAGE', /no such image$/],
  ['toomanyrequests: You have reached your pull rate limit.', 'DOCKER_IMAGE', /rate limit\)$/],
  [
    'failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device',
    'DISK_FULL',
    /no space left/,
  ],
  [
    'no matching manifest for linux/arm64/v8 in the manifest list entries',
    'DOCKER_IMAGE',
    /none for this machine's processor$/,
  ],
  ['Get "https://r/v2/": dial tcp: lookup r: no such host', 'DOCKER_IMAGE', /cannot be reached$/],
  [
    'Get "https://r/v2/": http: server gave HTTP response to HTTPS client',
    'DOCKER_IMAGE',
    /does not speak HTTPS$/,
  ],
  [
    'Get "https://r/v2/": x509: certificate signed by unknown authority',
    'DOCKER_IMAGE',
    /certificate does not hold$/,
  ],
  ['something new', 'DOCKER_IMAGE', /^cannot pull r\/x:1: something new$/],
];

for (const [text, code, message] of REASONS) {
  test(`a pull that fails: ${text}`, (t) => {
    const error = pullError('r/x:1', text);
    t.is(error.code, code);
    t.regex(error.message, message);
  });
}

const sources = (config: Partial<DockerConfig>) => ({
  config: { folder: '/nowhere', auths: {}, credHelpers: {}, ...config },
  env: {},
  signal: new AbortController().signal,
});

test('logins are found by the registry of the image', async (t) => {
  const auth = Buffer.from('me:pass:word').toString('base64');
  const auths = {
    'https://index.docker.io/v1/': { auth },
    'registry.test:5000': { identitytoken: 'T', auth: Buffer.from('me:').toString('base64') },
    'https://plain.test/v2/': { username: 'you', password: 'p' },
    'empty.test': {},
  };
  const hub = { serveraddress: 'https://index.docker.io/v1/', username: 'me', password: 'pass:word' };
  t.deepEqual(await registryLogin('busybox', sources({ auths })), hub);
  t.deepEqual(await registryLogin('docker.io/team/image:1', sources({ auths })), hub);
  t.like(await registryLogin('registry.test:5000/x', sources({ auths })), {
    identitytoken: 'T',
    username: 'me',
  });
  t.deepEqual(await registryLogin('plain.test/x', sources({ auths })), {
    serveraddress: 'plain.test',
    username: 'you',
    password: 'p',
  });
  t.is(await registryLogin('empty.test/x', sources({ auths })), undefined);
  t.is(await registryLogin('other.test/x', sources({ auths })), undefined);
});

test('a helper must be a program by its name', async (t) => {
  for (const credsStore of ['../x', 'a b', 'x;y', 'x/y'])
    await t.throwsAsync(registryLogin('x', sources({ credsStore })), { code: 'CONFIG_VALUE' });
  await t.throwsAsync(registryLogin('x', sources({ credHelpers: { 'docker.io': 'not-there' } })), {
    message: /cannot run docker-credential-not-there/,
  });
});
