import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { AgentError, causeLine } from '../errors.js';

/** How the connection to an https server is made, in the terms of Node's TLS. */
export interface TlsSettings {
  rejectUnauthorized: boolean;
  minVersion: 'TLSv1.2';
  /** Trusted authorities instead of the built-in ones, PEM. */
  ca?: string[];
  /** What the agent shows of itself, PEM. */
  cert?: string;
  key?: string;
}

export interface TrustRequest {
  /** False accepts any certificate. */
  verify: boolean;
  /** A file with authorities or a folder of such files, and the setting that names it. */
  authorities?: NamedPath;
  certificate?: NamedPath;
  /** Left out when the certificate's file holds the key too. */
  key?: NamedPath;
}

export interface NamedPath {
  path: string;
  /** The variable or key that it came from, for errors. */
  setting: string;
}

const CERTIFICATE_FILE = /\.(pem|crt|cer|\d)$/;

/** @throws AgentError CONFIG_FILE for a file that cannot be read */
export function readTrust({ verify, authorities, certificate, key }: TrustRequest): TlsSettings {
  return {
    rejectUnauthorized: verify,
    minVersion: 'TLSv1.2',
    ...(verify && authorities ? { ca: readAuthorities(authorities) } : {}),
    ...(certificate ? { cert: readNamed(certificate), key: readNamed(key ?? certificate) } : {}),
  };
}

function readAuthorities(named: NamedPath): string[] {
  const folder = guarded(named, () => statSync(named.path).isDirectory());
  if (!folder) return [readNamed(named)];
  const files = guarded(named, () => readdirSync(named.path).filter((name) => CERTIFICATE_FILE.test(name)));
  return files.map((name) => readNamed({ ...named, path: path.join(named.path, name) }));
}

function readNamed(named: NamedPath): string {
  return guarded(named, () => readFileSync(named.path, 'utf8'));
}

function guarded<T>({ path: file, setting }: NamedPath, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new AgentError('CONFIG_FILE', `${setting}: cannot read ${file}: ${causeLine(error)}`, {
      cause: error,
    });
  }
}
