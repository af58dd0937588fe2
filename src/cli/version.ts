import fs from 'node:fs';

const manifest: { version: string } = JSON.parse(
  fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/** Version of this program. */
export const VERSION = manifest.version;
