import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { constants, brotliCompress as startBrotli, gzip as startGzip } from 'node:zlib';
import { systemCode } from '../../errors.js';

/** Where `npm run build` puts the page: the same from the sources and from `dist`. */
export const BUILT_PAGE = path.resolve(import.meta.dirname, '../../../dist/web');

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** A type that is not in the table is saved, not shown. */
const OTHER_TYPE = 'application/octet-stream';
/** Images and fonts are compressed already. */
const COMPRESSED = /\.(?:png|ico|woff2)$/;

/** Best ratio that takes less than half a second for the largest file; each file is compressed once. */
const BROTLI_QUALITY = 5;
const gzip = promisify(startGzip);
const brotli = promisify(startBrotli);

const ENCODERS = {
  br: (bytes: Buffer) => brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (bytes: Buffer) => gzip(bytes),
} as const;

export type Encoding = keyof typeof ENCODERS;

/** A file of the page, ready to be sent. */
export interface PageFile {
  bytes: Buffer;
  encoding: Encoding | undefined;
  type: string;
  /** Entity tag, with its quotes. */
  etag: string;
}

const INDEX = 'index.html';
/** What a build writes last or adds files to: a change of one of them is a new build. */
const BUILT = [INDEX, 'assets'];

/**
 * The built files of the page. Only files that a look into the folder has found are served, by their exact names, so no path
 * leads out of it. Each is read once and kept, as it is and as it is compressed: they are a few megabytes. A build under the
 * running server is noticed by the times of its files.
 */
export class BuiltPage {
  readonly #folder: string;
  readonly #base: string;
  readonly #kept = new Map<string, Promise<PageFile | undefined>>();
  #names: ReadonlySet<string> = new Set();
  #build = '';

  private constructor(folder: string, base: string) {
    this.#folder = folder;
    this.#base = base;
  }

  /**
   * @param base path of the page on its origin, with a slash at both ends
   * @returns `undefined` if there is no built page
   */
  static async open(folder: string, base: string): Promise<BuiltPage | undefined> {
    const page = new BuiltPage(folder, base);
    return (await page.has(INDEX)) ? page : undefined;
  }

  async has(name: string): Promise<boolean> {
    if (!this.#names.has(name)) await this.#look();
    return this.#names.has(name);
  }

  /**
   * @param name one that the page has
   * @param accepted value of `Accept-Encoding`
   * @returns `undefined` for a file that a new build has removed
   */
  read(name: string, accepted: string): Promise<PageFile | undefined> {
    const encoding = COMPRESSED.test(name) ? undefined : encodingOf(accepted);
    const key = `${encoding ?? ''} ${name}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const file = this.#load(name, encoding);
    this.#kept.set(key, file);
    file.then(
      (loaded) => loaded ?? this.#kept.delete(key),
      () => this.#kept.delete(key),
    );
    return file;
  }

  /** The document of all routes. */
  async index(accepted: string): Promise<PageFile | undefined> {
    await this.#look();
    return this.read(INDEX, accepted);
  }

  /** Looks what there is, if that may be another build than before. */
  async #look(): Promise<void> {
    const times = await Promise.all(BUILT.map((name) => changedAt(path.join(this.#folder, name))));
    const build = times.join(' ');
    if (build === this.#build) return;
    this.#names = await filesBelow(this.#folder);
    this.#kept.clear();
    this.#build = build;
  }

  async #load(name: string, encoding: Encoding | undefined): Promise<PageFile | undefined> {
    const read = await unlessGone(readFile(path.join(this.#folder, name)));
    if (read === undefined) return undefined;
    const plain = name === INDEX ? Buffer.from(withBase(read.toString(), this.#base)) : read;
    const bytes = encoding === undefined ? plain : await ENCODERS[encoding](plain);
    const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
    return { bytes, encoding, type: TYPES[path.extname(name)] ?? OTHER_TYPE, etag: `"${digest}"` };
  }
}

async function changedAt(file: string): Promise<number | undefined> {
  return (await unlessGone(stat(file)))?.mtimeMs;
}

/** Names with slashes, whatever the system has; links are left out. */
async function filesBelow(folder: string): Promise<Set<string>> {
  const entries = (await unlessGone(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
  const files = entries.filter((entry) => entry.isFile());
  return new Set(
    files.map((entry) =>
      path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    ),
  );
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What the browser takes of what there is; `q=0` refuses. */
function encodingOf(accepted: string): Encoding | undefined {
  const words = accepted
    .split(',')
    .map((word) => word.replaceAll(/\s/g, ''))
    .filter((word) => !/;q=0(?:\.0*)?$/.test(word))
    .map((word) => word.split(';', 1)[0]);
  return (['br', 'gzip'] as const).find((name) => words.includes(name));
}

/** Relative addresses of the document begin at the page's path, whichever route was asked for. */
function withBase(html: string, base: string): string {
  const tag = `<base href="${base}">`;
  const bare = html.replace(/\s*<base\b[^>]*>/, '');
  return bare.replace(/<head\b[^>]*>/, (head) => `${head}${tag}`);
}
