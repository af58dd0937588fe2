import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AgentHome } from './agent-process.js';

/**
 * Notes the kinds of steps that a daemon takes with the files of the table and of its runs, such as `rename claim`, and
 * kills it with SIGKILL before the first of one kind.
 */
const PRELUDE = `
import { appendFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
const { KILL_POINT: wanted, KILL_POINT_NOTES: notes, KILL_POINT_BELOW: below } = process.env;
const known = new Set();
const files = new WeakMap();
const step = (name, file) => {
  const text = String(file);
  if (!below.split(':').some((part) => text.includes(part))) return;
  const kind = name + ' ' + path.basename(text).replace(/(?:[.]\\d+)?[-.]*[0-9a-f]{8,}.*$/, '');
  if (known.has(kind)) return;
  known.add(kind);
  appendFileSync(notes, kind + '\\n');
  if (kind === wanted) process.kill(process.pid, 'SIGKILL');
};
if (process.argv.includes('daemon')) {
  const handle = await promises.open('/proc/self/stat');
  const ofHandle = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of ['writeFile', 'appendFile', 'write', 'sync', 'datasync', 'truncate']) {
    const original = ofHandle[name];
    ofHandle[name] = function (...args) {
      if (files.has(this)) step(name, files.get(this));
      return original.apply(this, args);
    };
  }
  for (const name of ['open', 'link', 'rename', 'rm', 'rmdir', 'chmod', 'mkdir', 'writeFile']) {
    const original = promises[name];
    promises[name] = async (...args) => {
      step(name, name === 'rename' || name === 'link' ? args[1] : args[0]);
      const result = await original.apply(promises, args);
      if (name === 'open') files.set(result, args[0]);
      return result;
    };
  }
  syncBuiltinESMExports();
}
`;

/** Daemons of a home that note their steps and can be killed at one. */
export interface KillPoints {
  /** The kinds that were seen so far, in the order of their first steps. */
  seen(): string[];
  /** Daemons that start from now on are killed at this kind; with `undefined` at none. */
  killAt(kind: string | undefined): void;
}

/** @param below parts of paths whose steps count */
export function killPoints({ folder, env }: AgentHome, below: readonly string[]): KillPoints {
  const prelude = path.join(folder, 'kill-point.mjs');
  const notes = path.join(folder, 'kill-point-notes');
  writeFileSync(prelude, PRELUDE);
  Object.assign(env, {
    NODE_OPTIONS: `--import=${prelude}`,
    KILL_POINT_NOTES: notes,
    KILL_POINT_BELOW: below.join(':'),
  });
  return {
    seen: () => (existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').filter(Boolean) : []),
    killAt: (kind) => {
      env.KILL_POINT = kind;
    },
  };
}
