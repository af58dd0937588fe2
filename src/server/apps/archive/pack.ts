import { buffer } from 'node:stream/consumers';
import type { BundleFiles } from './bundle.js';

/** Of every file, so that the same files make the same archive; the earliest time that the format has. */
const TIME = new Date(1980, 0, 1);

/** The zip archive of an application. */
export async function pack({ name, text, assets }: BundleFiles): Promise<Buffer> {
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  const options = { mtime: TIME, mode: 0o100644, forceDosTimestamp: true };
  zip.addBuffer(Buffer.from(text), name, options);
  for (const [path, content] of [...assets].sort(([a], [b]) => (a < b ? -1 : 1)))
    zip.addBuffer(content, `assets/${path}`, options);
  zip.end();
  return buffer(zip.outputStream);
}
