import Module, { createRequire } from 'node:module';
import type Docker from 'dockerode';

/**
 * What dockerode loads and the agent never calls: ssh connections are programs of their own (`SshAgent`), and images
 * are built without BuildKit's sessions. Each with the package that requires it.
 */
const UNUSED: readonly [library: string, by: string][] = [
  ['ssh2', 'docker-modem'],
  ['@grpc/grpc-js', 'dockerode'],
  ['@grpc/proto-loader', 'dockerode'],
  ['protobufjs', 'dockerode'],
];

/**
 * The class of the client library, loaded without the libraries that the agent does not use: they would cost 12 MB of
 * memory. Only dockerode gets the stand-ins; another module of the process that requires one gets the real library.
 */
export function loadClientLibrary(): typeof Docker {
  const require = createRequire(import.meta.url);
  const dockerode = createRequire(require.resolve('dockerode'));
  const placed = UNUSED.flatMap(([library, by]) => {
    const owner = by === 'dockerode' ? dockerode : createRequire(dockerode.resolve(by));
    const file = owner.resolve(library);
    if (require.cache[file] !== undefined) return [];
    require.cache[file] = standIn(library, file);
    return [file];
  });
  try {
    return require('dockerode');
  } finally {
    for (const file of placed) delete require.cache[file];
  }
}

function standIn(library: string, file: string): NodeJS.Module {
  const module = new Module(file);
  module.filename = file;
  module.loaded = true;
  module.exports = unusable(library);
  return module;
}

/** Anything of it can be named, as libraries do while they load; a call throws. */
function unusable(library: string): unknown {
  // No arrow function: it must be a constructor, too.
  function refuse(): never {
    throw new Error(`${library} is not loaded: the agent does not use this part of dockerode`);
  }
  const all: unknown = new Proxy(refuse, { get: () => all, apply: refuse, construct: refuse });
  return all;
}
