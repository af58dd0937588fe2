import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkersApi } from '../api/workers.js';
import { systemCode } from '../errors.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Release } from '../os/lock.js';
import type { Registration } from '../runs/registry.js';

export interface ServerWideOptions {
  workers: Pick<WorkersApi, 'getAll' | 'register' | 'unregister'>;
  /** Address of the API server: daemons of different servers may have one id. */
  server: string;
  /** Ids of the queues that the worker serves. */
  queues: readonly string[];
  signal: AbortSignal;
  logger: Pick<AgentLogger, 'info'>;
  /** There is no other id to take: the user chose this one. */
  isFixed: boolean;
  /** Gives up a registration and takes the next id that is free in this home. */
  next(registration: Registration): Promise<Registration>;
  settleMs?: number;
}

/** A worker that reported within so many seconds lives: an idle one reports every 61. */
const ALIVE_SECONDS = 190;
/** Another agent that asked for the same id at the same moment has registered within this time. */
const SETTLE_MS = 300;

/**
 * Makes sure that no other agent of this server has the worker id, be it of another user of the machine or on
 * another machine of the same name: else the next free id is taken. An id whose last daemon in this home was
 * killed is taken again whatever the server says, because its runs are waiting for it.
 *
 * @returns `release` takes the worker off the server's list, too
 */
export async function serverWideId(
  first: Registration,
  options: ServerWideOptions,
): Promise<{ registration: Registration; release: Release }> {
  const { server, isFixed, next, logger } = options;
  if (isFixed) return { registration: first, release: () => takeOff(first, options) };
  for (let registration = first; ; ) {
    const own = registration;
    const unlock = await machineLock(server, own.workerId);
    const release = async () => {
      await takeOff(own, options);
      await unlock?.();
    };
    try {
      if (unlock && (own.inherited || (await isFree(own, options)))) return { registration, release };
    } catch (error) {
      // It may be on the list already, and would stay there for ten minutes.
      await release();
      throw error;
    }
    await unlock?.();
    const other = await next(registration);
    logger.info(
      `worker id "${registration.workerId}" is in use by another agent of this server; trying "${other.workerId}"`,
    );
    registration = other;
  }
}

/** A server that is away takes the worker off its list by itself; the end does not wait for it. */
async function takeOff({ workerId }: Registration, { workers, queues }: ServerWideOptions): Promise<void> {
  await workers.unregister({ worker: workerId, queues }, { retry: 'none' }).catch(() => undefined);
}

async function isFree({ workerId }: Registration, options: ServerWideOptions): Promise<boolean> {
  const { workers, queues, signal, settleMs = SETTLE_MS } = options;
  const find = async () =>
    (await workers.getAll({ last_seen: ALIVE_SECONDS }, { signal })).find(({ id }) => id === workerId);
  if ((await find()) !== undefined) return false;
  // Of several agents that have seen it free at once, the last one to register keeps it.
  const mark = `claim-${randomUUID()}`;
  await workers.register({ worker: workerId, queues, tags: [mark] }, { signal });
  await sleep(settleMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  const registered = await find();
  return registered?.tags === undefined || registered.tags.includes(mark);
}

/** A name that one process of the machine can hold, whoever its user is, and that goes with it. */
async function machineLock(server: string, workerId: string): Promise<Release | undefined> {
  if (process.platform !== 'linux') return async () => undefined;
  const name = createHash('sha256').update(`${server}\n${workerId}`).digest('hex');
  const holder = createServer((socket) => socket.destroy()).unref();
  try {
    await new Promise<void>((resolve, reject) => {
      holder.once('error', reject);
      holder.listen(`\0clearml-agent-${name}`, resolve);
    });
  } catch (error) {
    return systemCode(error) === 'EADDRINUSE' ? undefined : async () => undefined;
  }
  return () => new Promise((resolve) => holder.close(() => resolve()));
}
