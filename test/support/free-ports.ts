import { createServer } from 'node:net';

/** Below the ports that systems give to connections. */
const PORTS = { first: 10_000, count: 22_000 };

/** Ports that nothing listens on; other processes look elsewhere first. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  const start = (process.pid * 61) % PORTS.count;
  for (let at = 0; found.length < count && at < PORTS.count; at++) {
    const port = PORTS.first + ((start + at) % PORTS.count);
    if (await isFree(port)) found.push(port);
  }
  return found;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => resolve(true));
  });
  if (listening) await new Promise((resolve) => server.close(resolve));
  return listening;
}
