import fs from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { busyboxArchive, podmanEnvironment } from './docker-engine.js';
import { temporaryFolder } from './temporary-folder.js';

/** Podman with storage of a test's own. Nothing of it runs yet. */
export interface PodmanSetting {
  /** For whoever runs podman. */
  env: Readonly<Record<string, string | undefined>>;
  /** Where its service is expected. */
  socket: string;
  podman(args: readonly string[], input?: Uint8Array): Promise<string>;
  makeBusybox(tag: string): Promise<void>;
  /** Process ids of services at that socket. */
  services(): number[];
}

/** Whatever the test leaves running ends with it. */
export function podmanSetting(t: ExecutionContext): PodmanSetting {
  const folder = temporaryFolder(t);
  const env = podmanEnvironment(folder);
  const socket = path.join(folder, 'podman/podman.sock');
  const podman = async (args: readonly string[], input?: Uint8Array): Promise<string> =>
    (await execa('podman', args, { env, ...(input === undefined ? {} : { input }) })).stdout;
  const services = (): number[] => processesWith(`unix://${socket}`);
  t.teardown(async () => {
    await execa('podman', ['rm', '--all', '--force', '--time', '0'], { env, reject: false });
    for (const pid of services()) process.kill(pid, 'SIGKILL');
  });
  const makeBusybox = async (tag: string): Promise<void> => {
    const archive = await busyboxArchive(path.join(folder, 'busybox-root'));
    await podman(['import', '-q', '-', tag], archive);
  };
  return { env, socket, podman, makeBusybox, services };
}

/** Of programs, not of the shells that wait for them. */
function processesWith(argument: string): number[] {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[0]?.endsWith('podman') && words.includes(argument);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}
