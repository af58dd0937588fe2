import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { makeMachineImage } from './machine-image.js';
import type { SlurmAgent } from './slurm-agent.js';
import {
  AS_NOBODY,
  giveToNobody,
  NOBODY,
  type UnprivilegedDaemon,
  unprivilegedDaemon,
} from './unprivileged-daemon.js';

export interface RootlessPodman {
  podman(...words: string[]): string;
  /** A daemon of the user. */
  daemon(...words: string[]): UnprivilegedDaemon;
}

/** Podman and an agent of a user who is not root; the home folder of the agent has the images. */
export async function rootlessPodman(
  t: ExecutionContext,
  { home, shared }: Pick<SlurmAgent, 'home' | 'shared'>,
  image: string,
): Promise<RootlessPodman> {
  const own = path.join(home.folder, 'containers');
  mkdirSync(own);
  const storage = [`graphroot = "${own}/storage"`, `runroot = "${own}/run"`];
  writeFileSync(path.join(own, 'storage.conf'), `[storage]\ndriver = "overlay"\n${storage.join('\n')}\n`);
  writeFileSync(path.join(own, 'containers.conf'), `[engine]\ntmp_dir = "${own}/tmp"\nlock_type = "file"\n`);
  const env = {
    // As in jobs, which have no folder of a session.
    ...without(home.env, 'XDG_RUNTIME_DIR'),
    CONTAINERS_STORAGE_CONF: path.join(own, 'storage.conf'),
    CONTAINERS_CONF: path.join(own, 'containers.conf'),
  };
  for (const name of ['storage', 'run', 'tmp']) mkdirSync(path.join(own, name), { mode: 0o700 });
  giveToNobody(home.folder, shared);
  const [program, ...flags] = AS_NOBODY;
  const podman = (...words: string[]) =>
    execFileSync(program, [...flags, 'podman', ...words], {
      env,
      cwd: home.folder,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  t.teardown(() => {
    podman('rm', '--all', '--force', '--time', '0');
    // Files of other users in the image are the user's own only in its namespace.
    podman('unshare', 'rm', '-rf', path.join(own, 'storage'));
    for (const folder of [own, `/tmp/podman-run-${NOBODY}`]) rmSync(folder, { recursive: true, force: true });
  });
  await makeMachineImage(
    {
      folder: own,
      docker: async (words, options) => {
        const { stdout } = await execa(program, [...flags, 'podman', ...words], {
          env,
          cwd: home.folder,
          ...options,
        });
        return stdout;
      },
    },
    image,
    {
      packages: ['dash', 'bash', 'coreutils', 'grep', 'sed', 'findutils', 'python3', 'python3-venv'],
      changes: ['ENV IN_IMAGE=yes'],
    },
  );
  return {
    podman,
    daemon: (...words) => unprivilegedDaemon(t, { folder: home.folder, env }, words),
  };
}

function without<T>(env: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(env).filter(([one]) => one !== name));
}
