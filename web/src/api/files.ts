import { at } from '../base.js';

interface Configuration {
  displayedServerUrls?: { filesServer?: string };
}

/** Where clients reach the file server; what begins with it, this page reads from its own origin. */
export async function askFilesServer(signal?: AbortSignal): Promise<string | undefined> {
  const response = await fetch(at('/configuration.json'), signal === undefined ? {} : { signal });
  const { displayedServerUrls: urls } = (await response.json()) as Configuration;
  return urls?.filesServer?.replace(/\/$/, '');
}

/** The address of a file on this page's origin; undefined for one of another server. */
export function ownAddress(address: string, filesServer: string | undefined): string | undefined {
  if (filesServer === undefined || !address.startsWith(`${filesServer}/`)) return undefined;
  return at(`/files/${address.slice(filesServer.length + 1)}`);
}

/** Whether a browser can open the address at all; it may then go to a foreign server. */
export function isWebAddress(address: string): boolean {
  return /^https?:\/\//i.test(address);
}
