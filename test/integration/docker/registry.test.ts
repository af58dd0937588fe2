import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { registryLogin } from '../../../src/drivers/docker/image/registry-credentials.js';
import { type DockerBenchOptions, dockerBench } from '../../support/docker-bench.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { type DockerRegistry, startRegistry } from '../../support/docker-registry.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface Set {
  engine: DockerEngine;
  registry: DockerRegistry;
  image: string;
}

test('images come from a registry with the logins of the docker command', async (t) => {
  t.timeout(120_000);
  const engine = await DockerEngine.startFor(t);
  const registry = await startRegistry(t);
  const image = `${registry.host}/team/base:1`;
  await engine.makeBusybox(image);
  await engine.docker(['login', '-u', registry.user, '-p', registry.password, registry.host]);
  await engine.docker(['push', '-q', image]);
  // Podman's service would use it.
  await engine.docker(['logout', registry.host]);
  await engine.docker(['rmi', image]);
  const set = { engine, registry, image };
  await loginOfTheFile(t, set);
  await loginOfAHelper(t, set);
  await helperThatFails(t, set);
  await noLogin(t, set);
  await notThere(t, set);
  await rateLimit(t, set);
  await abortedPull(t, set);
});

async function loginOfTheFile(t: ExecutionContext, set: Set): Promise<void> {
  const auth = Buffer.from(`${set.registry.user}:${set.registry.password}`).toString('base64');
  const { driver, request, lines, printed } = await pulling(t, set, {
    auths: { [`https://${set.registry.host}/v2/`]: { auth } },
  });
  await driver.dispose((await driver.open(request)).ref);
  t.true(lines.includes(`pulling image ${set.image}`));
  t.regex(
    printed(),
    /^(?:pulling image \S+: \d\/1 layers[^\n]*\r)*pulled image \S+ in \d+\.\d s: (\d)\/\1 layers.*\n$/,
  );
}

async function loginOfAHelper(t: ExecutionContext, set: Set): Promise<void> {
  const { registry } = set;
  const answer = JSON.stringify({ Username: registry.user, Secret: registry.password });
  const env = helper(t, `read -r server; [ "$1 $server" = "get ${registry.host}" ] && echo '${answer}'`);
  const { driver, request, lines } = await pulling(
    t,
    set,
    { credHelpers: { [registry.host]: 'test-one' } },
    env,
  );
  await driver.dispose((await driver.open(request)).ref);
  t.false(lines.some((line) => line.includes('no login')));
  const token = await registryLogin(set.image, {
    config: { folder: '/nowhere', auths: {}, credHelpers: {}, credsStore: 'test-one' },
    env: helper(t, `echo '{"Username": "<token>", "Secret": "T"}'`),
    signal: new AbortController().signal,
  });
  t.deepEqual(token, { serveraddress: registry.host, identitytoken: 'T' });
}

async function helperThatFails(t: ExecutionContext, set: Set): Promise<void> {
  const env = helper(t, 'echo "the vault is closed"; exit 1');
  const { driver, request, lines } = await pulling(t, set, { credsStore: 'test-one' }, env);
  await t.throwsAsync(driver.open(request), { message: /the registry gives no access/ });
  t.regex(lines.join('\n'), /docker-credential-test-one gives no login for \S+: the vault is closed/);
  const bad = await pulling(t, set, { credsStore: '../../bin/sh' });
  await t.throwsAsync(bad.driver.open(bad.request), { message: /gives no access/ });
  t.regex(bad.lines.join('\n'), /names a credential helper "..\/..\/bin\/sh"/);
}

async function noLogin(t: ExecutionContext, set: Set): Promise<void> {
  const { driver, request } = await pulling(t, set, {});
  const error = await t.throwsAsync(driver.open(request), {
    message: `cannot pull ${set.image}: the registry gives no access`,
  });
  t.like(error, { code: 'DOCKER_IMAGE' });
  t.regex(String(Object(error).hint), new RegExp(`docker login ${set.registry.host}`));
}

async function notThere(t: ExecutionContext, set: Set): Promise<void> {
  const { username, password } = { username: set.registry.user, password: set.registry.password };
  const { driver, request } = await pulling(
    t,
    { ...set, image: `${set.registry.host}/team/base:2` },
    { auths: { [set.registry.host]: { username, password } } },
  );
  await t.throwsAsync(driver.open(request), { message: /base:2: the registry has no such image$/ });
}

async function rateLimit(t: ExecutionContext, set: Set): Promise<void> {
  const server = http.createServer((_, answer) => {
    // Podman asks again, after half a minute and longer where the registry names no time.
    answer.writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' });
    answer.end('{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { driver, request } = await pulling(t, { ...set, image: `127.0.0.1:${port}/busy/image` }, {});
  await t.throwsAsync(driver.open(request), {
    message: /lets no more pulls through for now \(rate limit\)$/,
  });
}

async function abortedPull(t: ExecutionContext, set: Set): Promise<void> {
  const asked = new AbortController();
  const server = http.createServer(() => asked.abort(new Error('the task was aborted')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { driver, request } = await pulling(t, { ...set, image: `127.0.0.1:${port}/slow/image` }, {});
  await t.throwsAsync(driver.open({ ...request, signal: asked.signal }), { message: 'the task was aborted' });
}

/** A bench whose engine lacks the image, with this configuration of the docker command. */
async function pulling(
  t: ExecutionContext,
  { engine, image }: Set,
  config: Readonly<Record<string, unknown>>,
  env: DockerBenchOptions['env'] = {},
) {
  const folder = temporaryFolder(t);
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  return dockerBench(t, {
    image,
    args: ['--pull', 'always'],
    env: { PATH: process.env.PATH, ...env, DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CONFIG: folder },
  });
}

function helper(t: ExecutionContext, script: string): { PATH: string } {
  const folder = temporaryFolder(t);
  fs.writeFileSync(path.join(folder, 'docker-credential-test-one'), `#!/bin/sh\n${script}\n`, {
    mode: 0o755,
  });
  return { PATH: `${folder}:${process.env.PATH}` };
}
