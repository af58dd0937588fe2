import { setTimeout as sleep } from 'node:timers/promises';
import type { AsideCommand } from '../../driver.js';
import type { Engine } from '../engine.js';

export interface SideContainer {
  engine: Engine;
  /** Digest of the image. */
  image: string;
  labels: Readonly<Record<string, string>>;
  /** How the engine sees a path of the agent. */
  sees(file: string): string;
  /** `user:group` of the command. */
  user: string;
}

/** The lowest share of the processors that the kernel gives. */
const LEAST_SHARES = 2;

/**
 * Runs a command in a container of its own, without a network, with one folder of this machine, when nothing else
 * wants the processors. The container is gone afterwards.
 *
 * @returns the exit status
 */
export async function runAside(
  { engine, image, labels, sees, user }: SideContainer,
  { argv, folder, signal, timeoutMs }: AsideCommand,
): Promise<number> {
  const [program, ...args] = argv;
  const container = await engine.create({
    Image: image,
    Entrypoint: [program],
    Cmd: args,
    User: user,
    Labels: { ...labels },
    HostConfig: {
      NetworkMode: 'none',
      CpuShares: LEAST_SHARES,
      Binds: [`${sees(folder.host)}:${folder.inside}`],
    },
  });
  const ended = new AbortController();
  try {
    await engine.start(container);
    const limits = AbortSignal.any([signal, ended.signal]);
    const late = sleep(timeoutMs, undefined, { signal: limits }).catch(() => undefined);
    await Promise.race([engine.wait(container, limits), late]);
    signal.throwIfAborted();
    return (await engine.inspect(container))?.exitCode ?? -1;
  } finally {
    ended.abort();
    await engine.remove(container);
  }
}
