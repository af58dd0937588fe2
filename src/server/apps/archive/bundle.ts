import { isUtf8 } from 'node:buffer';
import { type ReadApp, readApp } from '../format/read-app.js';

/** The files of one application, as a folder or an archive has them. */
export interface BundleFiles {
  /** Name of the application file. */
  name: string;
  text: string;
  /** By their names in the folder `assets`. */
  assets: Map<string, Buffer>;
}

/** An application with its files, or what is wrong with it. */
export interface Bundle extends ReadApp {
  files: BundleFiles;
}

/** What of an application is more than a mistake or an attack. */
export const LIMITS = {
  /** Bytes of an archive. */
  archive: 10 * 1024 * 1024,
  /** Bytes of all files. */
  total: 20 * 1024 * 1024,
  /** Bytes of one file. */
  file: 5 * 1024 * 1024,
  files: 200,
  /** How many times larger than in the archive a file may be. */
  ratio: 100,
} as const;

/** Small files of blanks compress better than any ratio. */
export const RATIO_FROM = 64 * 1024;

const DEFINITION = /^[^/]+\.app\.conf$/;
const ASSETS = 'assets/';

/** Files that cannot be an application; the message is one line. */
export class BadBundle extends Error {}

/**
 * Finds the application file and the assets among files by their paths.
 *
 * @param where the archive or folder, for the messages
 * @throws BadBundle
 */
export function bundleOf(all: ReadonlyMap<string, Buffer>, where: string): BundleFiles {
  const names = [...all.keys()].filter((name) => DEFINITION.test(name));
  const [name] = names;
  if (name === undefined)
    throw new BadBundle(`${where}: expected one file NAME.app.conf at the top, found ${foundInstead(all)}`);
  if (names.length > 1)
    throw new BadBundle(`${where}: expected one file NAME.app.conf, found ${names.sort().join(', ')}`);
  const assets = [...all].filter(([path]) => path.startsWith(ASSETS));
  return {
    name,
    text: definitionText(all.get(name) ?? Buffer.alloc(0), `${where}/${name}`),
    assets: new Map(assets.map(([path, content]) => [path.slice(ASSETS.length), content])),
  };
}

/** The text of an application file. @throws BadBundle */
export function definitionText(content: Buffer, where: string): string {
  if (isUtf8(content) && !content.includes(0)) return content.toString('utf8');
  throw new BadBundle(`${where}: expected a text in UTF-8, found other bytes`);
}

function foundInstead(all: ReadonlyMap<string, Buffer>): string {
  const deeper = [...all.keys()].find((path) => path.endsWith('.app.conf'));
  if (deeper !== undefined) return deeper;
  return all.size === 0 ? 'nothing' : [...all.keys()].slice(0, 3).join(', ');
}

/** Reads and checks an application. */
export function readBundle(files: BundleFiles, where: string): Bundle {
  return { files, ...readApp(files.text, where, new Set(files.assets.keys())) };
}
