import { causeLine, systemCode } from '../errors.js';

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'this user may not use the port',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ERR_SOCKET_BAD_PORT: 'a port is at most 65535',
};

/** Why a server cannot listen, in words; the code of a cause that has none. */
export function listenProblem(error: unknown): string {
  const code = systemCode(error);
  return PROBLEMS[code ?? ''] ?? code ?? causeLine(error);
}
