import type Docker from 'dockerode';
import { loadLean, type Replaced } from '../../../os/load-lean.js';

/**
 * ssh connections are programs of their own (`SshAgent`), images are built without BuildKit's sessions, and the agent makes
 * their archives itself.
 */
const REPLACED: readonly Replaced[] = [
  { library: 'ssh2', by: 'docker-modem', used: 'never' },
  { library: '@grpc/grpc-js', by: 'dockerode', used: 'never' },
  { library: '@grpc/proto-loader', by: 'dockerode', used: 'never' },
  { library: 'protobufjs', by: 'dockerode', used: 'never' },
  { library: 'tar-fs', by: 'dockerode', used: 'later' },
  { library: '@balena/dockerignore', by: 'dockerode', used: 'later' },
];

/** The class of the client library, without the libraries that the agent does not use: they would cost 13 MB of memory. */
export function loadClientLibrary(): typeof Docker {
  return loadLean('dockerode', import.meta.url, REPLACED);
}
