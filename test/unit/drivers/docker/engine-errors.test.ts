import test from 'ava';
import { engineError, refusal } from '../../../../src/drivers/docker/engine-errors.js';
import { AgentError, type ErrorCode } from '../../../../src/errors.js';

/** What engines say that the tests' own engine does not: other versions, Podman, other machines. */
const WORDS: readonly [string, ErrorCode, RegExp][] = [
  [
    'OCI runtime error: crun: executable file `/bin/sh` not found: No such file or directory',
    'DOCKER_IMAGE',
    /^the image has no \/bin\/sh$/,
  ],
  [
    'creating container storage: the container name "job" is already in use by 0123456789abcdef. You have to remove that container to be able to reuse that name',
    'DOCKER_CONTAINER',
    /^a container with the name job exists already \(0123456789ab\)$/,
  ],
  [
    'Error response from daemon: failed to set up container networking: driver failed programming external connectivity: Bind for :::8080 failed: port is already allocated',
    'DOCKER_CONTAINER',
    /^the published port :::8080 is in use by another container$/,
  ],
  [
    'cannot listen on the TCP port: listen tcp4 :8080: bind: address already in use',
    'DOCKER_CONTAINER',
    /^the published port :8080 is in use by a program of this machine$/,
  ],
  [
    'unable to find network with name or ID lab: network not found',
    'DOCKER_CONTAINER',
    /^the engine has no network named lab$/,
  ],
  [
    'container create: stat /dev/none: no such file or directory',
    'DOCKER_CONTAINER',
    /^the device \/dev\/none does not exist on the machine of the engine$/,
  ],
  [
    'fill out specgen: /x: duplicate mount destination',
    'DOCKER_ARGUMENT',
    /^two mounts have the same target \/x$/,
  ],
  [
    'runc create failed: error setting cgroup config: unable to set memory limit to 1024 (current usage: 2404352, peak usage: 2506752): OCI runtime error',
    'DOCKER_ARGUMENT',
    /^the memory limit of 1024 bytes is too low: starting the container alone takes 2404352$/,
  ],
  [
    'statfs /data/set: no such file or directory',
    'DOCKER_CONTAINER',
    /^the mount source \/data\/set does not exist$/,
  ],
  [
    'setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all',
    'GPU_DEVICE',
    /^the engine knows no device nvidia\.com\/gpu=all$/,
  ],
  [
    'failed to create task for container: CDI device injection failed: unresolvable CDI devices vendor.com/nic=7',
    'DOCKER_CONTAINER',
    /^the engine knows no device vendor\.com\/nic=7$/,
  ],
  [
    'failed to discover GPU vendor from CDI: no known GPU vendor found',
    'GPU_DEVICE',
    /^failed to discover GPU vendor/,
  ],
  ['AMD CDI spec not found', 'GPU_DEVICE', /^AMD CDI spec not found$/],
  [
    'driver failed programming external connectivity on endpoint x (0a): failed to bind host port 0.0.0.0:8080/tcp: address already in use',
    'DOCKER_CONTAINER',
    /^the published port 0\.0\.0\.0:8080 is in use by a program of this machine$/,
  ],
  [
    'failed to bind host port for 127.0.0.1:8080:172.17.0.2:80/tcp: listen tcp4 127.0.0.1:8080: bind: address already in use',
    'DOCKER_CONTAINER',
    /^the published port 127\.0\.0\.1:8080\S* is in use by a program of this machine$/,
  ],
  [
    'client version 1.20 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version',
    'DOCKER_ENGINE',
    /^the engine does not speak API version 1\.20 \(Minimum 1\.44\)$/,
  ],
  [
    'client version 1.60 is too new. Maximum supported API version is 1.56',
    'DOCKER_ENGINE',
    /^the engine does not speak API version 1\.60 \(Maximum 1\.56\)$/,
  ],
  [
    'mkdir /var/lib/docker/overlay2/x: no space left on device',
    'DISK_FULL',
    /^no space left on the disk of the container/,
  ],
];

for (const [text, code, message] of WORDS) {
  test(`the engine says: ${text}`, (t) => {
    const found = refusal(text);
    t.is(found?.code, code);
    t.regex(found?.message ?? '', message);
  });
}

test('words of the container itself are not taken for the engine', (t) => {
  t.is(refusal("/bin/sh: can't open /.clearml.run/go: no such file or directory"), undefined);
});

test('answers and broken connections become errors of one line', (t) => {
  const answer = (statusCode: number, message: string) =>
    Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), {
      statusCode,
      json: { message },
    });
  const broken = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  const cases: [unknown, ErrorCode, string][] = [
    [answer(500, 'boom\nand more'), 'DOCKER_CONTAINER', 'starting: boom'],
    [answer(400, 'invalid CPU set'), 'DOCKER_ARGUMENT', 'starting: the engine refuses it: invalid CPU set'],
    [answer(404, 'No such image: a:1'), 'DOCKER_IMAGE', 'starting: the engine has no image a:1'],
    [
      broken('ECONNRESET'),
      'DOCKER_ENGINE',
      'no container engine answers at unix:///s: the connection broke (ECONNRESET)',
    ],
    [broken('EHOSTUNREACH'), 'DOCKER_ENGINE', 'no container engine answers at unix:///s: EHOSTUNREACH'],
    [broken('EACCES'), 'DOCKER_ENGINE', "no permission on the container engine's socket /s"],
    [
      new AgentError('COMMAND_FAILED', 'ssh ended with status 255'),
      'DOCKER_ENGINE',
      'no container engine answers at unix:///s: ssh ended with status 255',
    ],
  ];
  for (const [error, code, message] of cases) {
    const made = engineError('starting', error, 'unix:///s');
    t.is(made.code, code);
    t.is(made.message, message);
  }
});
