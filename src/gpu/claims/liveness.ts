import { readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from '../../os/files.js';
import { ownPlace, showsLife } from '../../os/lock-life.js';
import { mayLive, startTime } from '../../os/processes.js';
import type { Claim, Holder } from './types.js';

/** What tells this process which others it can see. */
export type Here = Omit<Holder, 'nonce'>;

export async function whereWeAre(): Promise<Here> {
  const [place, started, mounts] = await Promise.all([
    ownPlace(),
    startTime(process.pid),
    readlink('/proc/self/ns/mnt').catch(() => ''),
  ]);
  const uid = process.getuid?.() ?? -1;
  return { pid: process.pid, started: started ?? '', ...place, ...(mounts ? { mounts } : {}), uid };
}

/**
 * Whether a claim counts: its agent lives, or the folder of its run is there. Where this process cannot see what would tell,
 * the claim counts.
 *
 * @param folder of the table, for the holders' signs of life
 */
export async function stands(claim: Claim, here: Here, folder: string): Promise<boolean> {
  if (await holderLives(claim.holder, here, folder)) return true;
  if (isOtherBoot(claim.holder, here) || claim.runFolder === undefined) return false;
  return mayExist(claim.runFolder, claim.holder.mounts === here.mounts);
}

export async function holderLives(holder: Holder, here: Here, folder: string): Promise<boolean> {
  if (isOtherBoot(holder, here)) return false;
  return (await lives(holder, here)) ?? (await showsLife(lifeFile(folder, holder.nonce))) ?? true;
}

export function lifeFile(folder: string, nonce: string): string {
  return path.join(folder, `agent.${nonce}.live`);
}

/** The machine has rebooted since, so its processes are gone. */
function isOtherBoot(mark: Holder, here: Here): boolean {
  return mark.boot !== undefined && here.boot !== undefined && mark.boot !== here.boot;
}

/** `undefined` for a process of another pid namespace, or without a start time. */
async function lives(mark: Holder, here: Here): Promise<boolean | undefined> {
  const known = here.pids === undefined ? mark.host === here.host : mark.pids === here.pids;
  return known && mark.started !== '' ? mayLive(mark.pid, mark.started) : undefined;
}

/** A folder of another container, or in a home that this user may not enter, may well be there. */
async function mayExist(folder: string, sameMounts: boolean): Promise<boolean> {
  if (!sameMounts) return true;
  return stat(folder).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}
