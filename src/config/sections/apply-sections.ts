import fs from 'node:fs';
import path from 'node:path';
import { causeLine } from '../../errors.js';
import type { Config } from '../config.js';
import { configuredEnvironment } from './environment-section.js';
import { configuredFiles, type FileRefusal, type FileWrite } from './files-section.js';

export interface ApplyOptions {
  home: string;
  /** Told what was done, a line at a time; no values. */
  say: (line: string) => void;
}

/**
 * Carries out the sections `environment` and `files`: the variables are laid over the configuration's
 * environment, the files are written. A file that cannot be written is logged and never an error.
 *
 * @throws AgentError CONFIG_VALUE when one of them is no section
 */
export function applySections(config: Config, { home, say }: ApplyOptions): Config {
  const variables = configuredEnvironment(config);
  const names = Object.keys(variables);
  if (names.length > 0) say(`Variables set by the configuration: ${names.join(', ')}`);
  const applied = names.length === 0 ? config : config.withEnvironment(variables);
  const files = configuredFiles(applied, home);
  if (files.length > 0) say('Creating files from configuration');
  for (const line of files.flatMap(writeFile)) say(line);
  return applied;
}

/** Writes one file; what there is to say about it. */
export function writeFile(file: FileWrite | FileRefusal): string[] {
  if ('refused' in file) return [`Skipped [${file.label}]: ${file.refused}`];
  const { label, path: target, content, overwrite, mode, note } = file;
  try {
    const found = fs.statSync(target, { throwIfNoEntry: false });
    if (found?.isDirectory()) return [`Skipped [${label}]: ${target} is a folder`];
    if (found !== undefined && !overwrite) return [`Skipped [${label}]: ${target} exists`];
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, content, mode === undefined ? {} : { mode });
    if (mode !== undefined) fs.chmodSync(target, mode);
  } catch (error) {
    return [`Skipped [${label}]: ${causeLine(error)}`];
  }
  return [`Saved [${label}]: ${target}`, ...(note === undefined ? [] : [`Warning [${label}]: ${note}`])];
}
