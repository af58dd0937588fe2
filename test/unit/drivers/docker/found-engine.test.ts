import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { foundEngine } from '../../../../src/drivers/docker/connect/found-engine.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

test('without a flag: the engine that is named, else the sockets that are there', async (t) => {
  const folder = temporaryFolder(t);
  const away = path.join(folder, 'away.sock');
  const named = { HOME: folder, DOCKER_HOST: 'tcp://engine:2375' };
  t.is(await foundEngine(named), named);
  const absent = { HOME: folder, DOCKER_HOST: `unix://${away}` };
  t.is(
    await foundEngine(absent),
    absent,
    'the address that a user names is asked, so that the error names it',
  );
});

test('Podman answers for a Docker that is absent', async (t) => {
  const folder = temporaryFolder(t);
  const socket = path.join(folder, 'podman/podman.sock');
  mkdirSync(path.dirname(socket));
  writeFileSync(socket, '');
  const env = { HOME: folder, XDG_RUNTIME_DIR: folder, CONTAINERS_CONF: '/c' };
  const absent = path.join(folder, 'docker.sock');
  t.deepEqual(await foundEngine(env, absent), { ...env, DOCKER_HOST: `unix://${socket}` });
  t.deepEqual(await foundEngine({ ...env, CONTAINER_HOST: 'unix:///p' }, absent), {
    ...env,
    CONTAINER_HOST: 'unix:///p',
    DOCKER_HOST: 'unix:///p',
  });
  t.is(await foundEngine({ ...env, XDG_RUNTIME_DIR: away(folder) }, absent), undefined);
  t.deepEqual(await foundEngine(env, socket), env);
});

function away(folder: string): string {
  return path.join(folder, 'away');
}
