import { access, constants, stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { causeLine, systemCode } from '../../errors.js';
import { type Check, type DoctorContext, type Finding, ok, problem, warning } from './check.js';

const ANSWER_MS = 5000;

export const engineCheck: Check = {
  name: 'containers',
  title: 'Docker/Podman',
  async run(context): Promise<Finding[]> {
    const remote = context.config.env.DOCKER_HOST;
    if (remote !== undefined && remote !== '' && !remote.startsWith('unix://')) {
      return [ok(`DOCKER_HOST names ${remote}; it is tried when a container is started`)];
    }
    for (const socket of sockets(context, remote)) {
      const finding = await trySocket(socket);
      if (finding !== undefined) return [finding, ...(await gpuRuntime(socket))];
    }
    return [
      warning(
        'no container engine was found; tasks run in virtual environments',
        'Install docker.io or podman.',
      ),
    ];
  },
};

/** Where engines listen: the one that is named, Docker's, Podman's for root and for this user. */
function sockets({ config }: DoctorContext, named: string | undefined): string[] {
  if (named) return [named.replace('unix://', '')];
  const own = config.env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.() ?? 0}`;
  return [
    '/var/run/docker.sock',
    path.join(own, 'docker.sock'),
    '/run/podman/podman.sock',
    path.join(own, 'podman', 'podman.sock'),
  ];
}

/** `undefined` where there is no socket. */
async function trySocket(socket: string): Promise<Finding | undefined> {
  try {
    await stat(socket);
    await access(socket, constants.R_OK | constants.W_OK);
    const version = JSON.parse(await ask(socket, '/version')) as {
      Version?: string;
      Components?: { Name?: string }[];
    };
    return ok(`${version.Components?.[0]?.Name ?? 'Engine'} ${version.Version ?? ''} at ${socket}`);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES' || code === 'EPERM') {
      return problem(
        `no permission for ${socket}`,
        'Put this user into the group "docker", then log in again.',
      );
    }
    return problem(`the engine at ${socket} does not answer: ${causeLine(error)}`, 'systemctl start docker');
  }
}

/** With an NVIDIA driver, containers get their GPUs from NVIDIA's runtime or from CDI. */
async function gpuRuntime(socket: string): Promise<Finding[]> {
  const driver = await access('/proc/driver/nvidia').then(
    () => true,
    () => false,
  );
  if (!driver) return [];
  const info = JSON.parse(await ask(socket, '/info').catch(() => '{}')) as {
    Runtimes?: object;
    CDISpecDirs?: string[];
  };
  const ready = 'nvidia' in (info.Runtimes ?? {}) || (info.CDISpecDirs ?? []).length > 0;
  if (ready) return [ok('containers can be given GPUs')];
  return [
    problem(
      'containers cannot be given GPUs',
      'Install nvidia-container-toolkit and run "nvidia-ctk runtime configure".',
    ),
  ];
}

function ask(socketPath: string, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path: url, timeout: ANSWER_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.once('end', () => resolve(text));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    request.once('error', reject);
  });
}
