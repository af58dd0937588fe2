import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { systemCode } from '../../errors.js';
import { isAmdMachine } from '../../gpu/amd-machine.js';

/** Kernel lists of sockets; the port is behind the colon of the second column, in hexadecimal. */
const SOCKET_LISTS = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => `/proc/net/${name}`);

/** Local ports of all sockets of this machine. Empty where the kernel does not tell. */
export function usedPorts(): ReadonlySet<number> {
  const lines = SOCKET_LISTS.flatMap((file) =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [],
  );
  const ports = lines.map((line) =>
    Number.parseInt(/^\s*\d+: [\dA-F]+:([\dA-F]{4})/.exec(line)?.[1] ?? '', 16),
  );
  return new Set(ports.filter((port) => port > 0));
}

/**
 * The address under which this machine is seen by `target`. Nothing is sent: choosing a route is enough.
 *
 * @param target an address, never asked
 */
export function hostAddress(target: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (address: string | undefined) => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => finish(undefined));
    socket.connect(1, target, () => finish(socket.address().address));
  });
}

/** Whether a program listens at a socket; one that this user may not ask counts as if it does. */
export function answersAt(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error) => resolve(systemCode(error) === 'EACCES'));
  });
}

/** Names in the AMD device folder of a machine with AMD GPUs and no NVIDIA ones. */
export function amdNodes(): string[] | undefined {
  if (!isAmdMachine()) return undefined;
  return existsSync('/dev/dri') ? readdirSync('/dev/dri') : [];
}
