import path from 'node:path';

/** Only sources that begin with a dot are relative paths; other words without a slash name volumes. */
export function absoluteSource(source: string, folder: string): string {
  return source.startsWith('.') ? path.resolve(folder, source) : source;
}
