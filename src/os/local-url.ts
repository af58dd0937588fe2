/** The address of a listener as its own machine reaches it; one that listens everywhere is reached on loopback. */
export function localUrl(scheme: 'http' | 'https', host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
