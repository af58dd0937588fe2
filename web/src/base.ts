/** The path below which the server shows the page, ending in a slash: `/`, or what a proxy puts before it. */
const BASE = new URL(document.baseURI).pathname;

/** The address of a page of this application: `/tasks` as the browser must ask for it. */
export function at(path: string): string {
  return `${BASE}${path.replace(/^\//, '')}`;
}

/** The path of this application that an address of the browser shows. */
export function pathIn(address: string): string {
  return address.startsWith(BASE) ? `/${address.slice(BASE.length)}` : address;
}
