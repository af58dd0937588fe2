import { randomBytes } from 'node:crypto';
import { readlink, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentError, causeLine, systemCode } from '../../errors.js';
import { readTextIfThere, writeFileDurable } from '../../os/files.js';
import { expandHome } from '../../os/paths.js';
import type { Asker } from './asker.js';

export interface ConfigToStore {
  /** Absolute path. */
  file: string;
  text: string;
  home: string;
}

/** It holds secrets. */
const PRIVATE = 0o600;

/**
 * Writes what was answered to the file, or to another one where that fails: the one that a user at the terminal
 * names, else a new private one whose name the error tells.
 *
 * @returns the file that was written
 * @throws AgentError CONFIG_FILE without a terminal; Cancelled
 */
export async function storeConfig(asker: Asker, { file, text, home }: ConfigToStore): Promise<string> {
  let target = file;
  for (;;) {
    const problem = await tryWrite(target, text);
    if (problem === undefined) {
      if (target !== file) asker.say(`The agent reads it with CLEARML_CONFIG_FILE=${target}.`);
      return target;
    }
    if (!asker.interactive) throw await keptElsewhere(problem, { file, text, home });
    asker.say(`${problem}. Your answers are kept.`);
    target = await askFile(asker, home);
  }
}

async function askFile(asker: Asker, home: string): Promise<string> {
  for (;;) {
    const message = 'Write the configuration to which file instead?';
    const file = path.resolve(expandHome(await asker.text({ message }), home));
    const there = await readTextIfThere(file).catch(() => undefined);
    if (there === undefined || there.trim() === '') return file;
    asker.say(`${file} exists already; name a new file.`);
  }
}

/** The first folder that takes the file, under a name that nothing has. */
async function keptElsewhere(problem: string, { file, text, home }: ConfigToStore): Promise<AgentError> {
  const name = `clearml-${randomBytes(4).toString('hex')}.conf`;
  for (const folder of [path.dirname(file), home, tmpdir()]) {
    const kept = path.join(folder, name);
    if ((await tryWrite(kept, text)) !== undefined) continue;
    const hint = `Your answers are in ${kept} (mode 600): move the file to its place, or set CLEARML_CONFIG_FILE=${kept}.`;
    return new AgentError('CONFIG_FILE', problem, { hint });
  }
  const hint = `Neither ${home} nor ${tmpdir()} takes the file; name one that can be written with --config-file.`;
  return new AgentError('CONFIG_FILE', problem, { hint });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its path leads through a file',
  EISDIR: 'a folder has that name',
  ELOOP: 'a link on its path leads to itself',
  EBUSY: 'a file system is mounted there',
  ENAMETOOLONG: 'the name is too long',
};

/** @returns why it could not be written */
async function tryWrite(file: string, text: string): Promise<string | undefined> {
  try {
    await writeFileDurable(await linkTarget(file), text, PRIVATE);
    return undefined;
  } catch (error) {
    if (error instanceof AgentError) return causeLine(error);
    const code = systemCode(error) ?? String(error);
    return `cannot write ${file}: ${REASONS[code] ?? code}`;
  }
}

/** The file that a link leads to, so that the link stays; it need not exist. */
async function linkTarget(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const next = await readlink(file).catch(() => undefined);
    return next === undefined ? file : linkTarget(path.resolve(path.dirname(file), next));
  }
}
