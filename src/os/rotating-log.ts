import {
  constants,
  copyFileSync,
  fstatSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';

export interface RotationLimits {
  /** Size at which a log is rotated. */
  bytes: number;
  /** Files kept, the one that is written included. */
  files: number;
}

/** 50 MB a daemon. */
export const LOG_LIMITS: RotationLimits = { bytes: 10_000_000, files: 5 };

/**
 * A stream into `output`, which is open for appending to `file`: where a line ends beyond the limit, the file is
 * copied to `file.1` (what was there becomes `file.2` …) and emptied. The file itself stays, because Node's own
 * messages go to it too, through a descriptor that cannot be exchanged. All this is done between two lines of
 * the only process that writes, so none is lost. A disk without space leaves the log as it is.
 */
export function rotatingLog(
  output: NodeJS.WritableStream,
  file: string,
  limits: RotationLimits = LOG_LIMITS,
): Writable {
  const next = { at: limits.bytes };
  output.on('error', () => undefined);
  return new Writable({
    decodeStrings: false,
    write(text: string | Buffer, _encoding, done) {
      output.write(text);
      if (String(text).endsWith('\n')) rotateAt(file, limits, next);
      done();
    },
  });
}

/** Whether a descriptor of this process writes to the file. */
export function isOpenAs(descriptor: number, file: string): boolean {
  const [open, named] = [fstatSync(descriptor), statSync(file, { throwIfNoEntry: false })];
  return named !== undefined && open.ino === named.ino && open.dev === named.dev;
}

function rotateAt(file: string, limits: RotationLimits, next: { at: number }): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size < next.at) return;
  try {
    rotate(file, limits.files);
    next.at = limits.bytes;
  } catch {
    // There is nowhere to tell it; the next try is worth its time only after as much again.
    next.at = size + limits.bytes;
  }
}

function rotate(file: string, files: number): void {
  const numbered = (number: number) => `${file}.${number}`;
  if (files > 1) {
    const fresh = `${file}.new`;
    copyFileSync(file, fresh, constants.COPYFILE_FICLONE);
    for (let number = files - 2; number >= 1; number -= 1)
      moveIfThere(numbered(number), numbered(number + 1));
    renameSync(fresh, numbered(1));
  }
  truncateSync(file, 0);
}

function moveIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}

export interface PruneOptions {
  folder: string;
  /** Which files there are logs; others are left alone. */
  pattern: RegExp;
  /** Logs that stay whatever their age, those of living processes. */
  inUse: readonly string[];
  /** How many others stay. */
  keep: number;
  /** Younger ones stay too: their process may not have made itself known yet. */
  minAgeMs: number;
}

/** Removes logs (`x.log` with `x.log.1` …) of processes that are gone, the oldest first. */
export function pruneLogs({ folder, pattern, inUse, keep, minAgeMs }: PruneOptions): void {
  const names = readdirSync(folder);
  const ended = names
    .filter((name) => pattern.test(name) && !inUse.includes(path.join(folder, name)))
    .map((name) => ({ name, changed: statSync(path.join(folder, name)).mtimeMs }))
    .sort((a, b) => b.changed - a.changed)
    .slice(keep)
    .filter(({ changed }) => Date.now() - changed > minAgeMs);
  for (const { name } of ended) {
    for (const one of names.filter((other) => other === name || other.startsWith(`${name}.`))) {
      rmSync(path.join(folder, one), { force: true });
    }
  }
}
