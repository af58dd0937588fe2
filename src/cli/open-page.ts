import path from 'node:path';
import { writeFileWhole } from '../os/files.js';
import { openBrowser } from '../os/open-browser.js';

/** Leads on to an address; readable by its owner only. */
const FILE = 'open-page.html';

export interface PageToOpen {
  address: string;
  /** Of the server's data, which only its owner can read. */
  folder: string;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the page in a browser. An address with a token goes by a file: on the command line of a browser other users would see it.
 *
 * @returns what to tell, if no browser was started
 */
export async function openPage({ address, folder, env }: PageToOpen): Promise<string | undefined> {
  const hasToken = address.includes('#');
  const file = path.join(folder, FILE);
  if (hasToken) await writeFileWhole(file, redirection(address));
  const program = await openBrowser(hasToken ? file : address, env);
  return program === undefined
    ? '--open: this machine has no program that opens a browser (xdg-open); open the address yourself'
    : undefined;
}

/** The address is ours: letters, digits and marks that mean nothing in HTML. */
function redirection(address: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${address}"><title>ClearML server</title><a href="${address}">Open the page</a>
`;
}
