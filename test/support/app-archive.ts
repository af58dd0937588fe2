import { bundleOf } from '../../src/server/apps/archive/bundle.js';
import { pack } from '../../src/server/apps/archive/pack.js';
import { APP_ASSETS, appText } from './app-files.js';

/** The archive of the application that uses all of the format, in base64 as it is uploaded. */
export async function appArchive(
  change: (text: string) => string = (text) => text,
  repository?: string,
): Promise<string> {
  const files = new Map([['simple.app.conf', Buffer.from(change(appText(repository)))]]);
  for (const name of APP_ASSETS) files.set(`assets/${name}`, Buffer.from(`content of ${name}`));
  return (await pack(bundleOf(files, 'test'))).toString('base64');
}
