import fs from 'node:fs';
import path from 'node:path';
import { AgentError, systemCode } from '../errors.js';
import { type FileContext, readConfigFile, textLayer } from './config-files.js';
import type { ConfigLayer } from './layers.js';
import { joinKey, treeOf } from './tree.js';

const ENVIRONMENTS: readonly string[] = ['default', 'demo', 'local'];

/**
 * The files of a `CLEARML_CONFIG_PATH` folder: those in `default`, then those in the folder that
 * `TRAINS_ENV` names. A missing folder is no error.
 *
 * @throws AgentError CONFIG_VALUE for an unknown name
 */
export function readConfigPath(folder: string, context: FileContext): ConfigLayer[] {
  const name = context.env.TRAINS_ENV?.trim() || 'default';
  if (!ENVIRONMENTS.includes(name)) {
    throw new AgentError('CONFIG_VALUE', `TRAINS_ENV: expected ${ENVIRONMENTS.join(', ')}, found "${name}"`);
  }
  const folders = name === 'default' ? ['default'] : ['default', name];
  return folders.flatMap((sub) => readSections(path.join(folder, sub), context));
}

/** The files of a folder and of the folders in it, each as the section that its path names; hidden ones are left out. */
export function readSections(folder: string, context: FileContext): ConfigLayer[] {
  return filesBelow(folder)
    .filter((name) => name.endsWith('.conf') && !/(^|[\\/])\./.test(name))
    .sort()
    .flatMap((name) => {
      const layer = readConfigFile(path.join(folder, name), context);
      return layer === undefined ? [] : [sectionLayer(layer, name)];
    });
}

/**
 * The layer of a text whose place in the tree is its file name: `sub/more.conf` is `sub.more`.
 *
 * @golden
 */
export function namedTextLayer(text: string, name: string, context: FileContext): ConfigLayer {
  return sectionLayer(textLayer(text, name, context), name);
}

function sectionLayer(layer: ConfigLayer, name: string): ConfigLayer {
  const section = name.replace(/\.conf$/, '').split(/[\\/]/);
  const positions = [...(layer.positions ?? [])].map(
    ([key, at]) => [`${joinKey(section)}.${key}`, at] as const,
  );
  return { ...layer, tree: treeOf(section, layer.tree), positions: new Map(positions) };
}

function filesBelow(folder: string): string[] {
  try {
    return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw new AgentError(
      'CONFIG_FILE',
      `${folder}: expected a readable folder, found: ${systemCode(error)}`,
      {
        cause: error,
      },
    );
  }
}
