import { at } from '../../base.js';
import type { ServerAddresses } from './conf-block.js';

interface Configuration {
  displayedServerUrls?: { apiServer?: string; filesServer?: string };
}

/** As the browser reached the page, or as an administrator has set them. @throws Error when the server does not answer */
export async function askAddresses(signal: AbortSignal): Promise<ServerAddresses> {
  const response = await fetch(at('/configuration.json'), { signal });
  const { displayedServerUrls: urls } = (await response.json()) as Configuration;
  const web = new URL(at('/'), location.href).href.replace(/\/$/, '');
  return { web, api: urls?.apiServer ?? `${web}/api`, files: urls?.filesServer ?? `${web}/files` };
}
