import test from 'ava';
import { engineSees } from '../../../src/container/plan/host-mount.js';
import { containerIdIn } from '../../../src/drivers/docker/containers/own-container.js';

const MOUNTS = [
  { outside: '/opt/agent', inside: '/root/.clearml' },
  { outside: '/srv/other', inside: '/root/.clearml' },
  { outside: '/home/me/.ssh', inside: '/root/.ssh' },
  { outside: '/mnt/fast', inside: '/root/.clearml/venvs-cache' },
];

const PLACES: readonly (readonly [string, string | undefined])[] = [
  ['/root/.clearml', '/opt/agent'],
  ['/root/.clearml/agent/workers', '/opt/agent/agent/workers'],
  ['/root/.clearml/venvs-cache/a', '/mnt/fast/a'],
  ['/root/.ssh/id_rsa', '/home/me/.ssh/id_rsa'],
  ['/root/.clearml-other', undefined],
  ['/root', undefined],
  ['/tmp', undefined],
];

for (const [file, place] of PLACES) {
  test(`the engine finds ${file} ${place === undefined ? 'nowhere' : `at ${place}`}`, (t) => {
    t.is(engineSees(file, MOUNTS), place);
    t.is(engineSees(file, []), file);
  });
}

const ID = '0123456789abcdef'.repeat(4);

const TABLES: readonly (readonly [string, string, string | undefined])[] = [
  [
    'Docker',
    `712 600 8:1 /var/lib/docker/containers/${ID}/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw`,
    ID,
  ],
  [
    'Podman',
    `9 8 0:2 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw`,
    ID,
  ],
  ['no container', '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw', undefined],
  ['another folder with such a name', `5 4 8:1 /data/${ID}/model /model rw - ext4 /dev/sda1 rw`, undefined],
];

for (const [title, line, id] of TABLES) {
  test(`own container in the mounts: ${title}`, (t) => t.is(containerIdIn(`1 0 8:1 / / rw\n${line}\n`), id));
}
