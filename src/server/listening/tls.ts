import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { AgentError, causeLine } from '../../errors.js';
import { readProblem } from '../../os/files.js';

export interface TlsFiles {
  /** PEM: the certificate, then those between it and the authority. */
  cert: string;
  /** PEM, without a passphrase. */
  key: string;
}

export interface KeyPairText {
  cert: string;
  key: string;
}

/** Certificates are often links that are exchanged, which the system does not announce; so they are read again. */
const LOOK_MS = 10_000;

/** @throws AgentError SERVER_TLS */
export async function readPair({ cert, key }: TlsFiles): Promise<KeyPairText> {
  const pair = {
    cert: await readPem(cert, 'apiserver.tls.cert'),
    key: await readPem(key, 'apiserver.tls.key'),
  };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new AgentError(
      'SERVER_TLS',
      `${cert} and ${key} are no certificate and its key: ${causeLine(error)}`,
      {
        hint: 'Both are PEM files; the key has no passphrase.',
        cause: error,
      },
    );
  }
  return pair;
}

async function readPem(file: string, key: 'apiserver.tls.cert' | 'apiserver.tls.key'): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AgentError('SERVER_TLS', `${key}: cannot read ${file}: ${readProblem(error)}`, {
      cause: error,
    });
  }
}

export interface Reloading {
  /** Reads the files now. */
  reload(): Promise<void>;
  close(): void;
}

/** Gives servers the certificate of the files whenever these change. Wrong files leave the certificate as it is. */
export function reloadPair(
  files: TlsFiles,
  first: KeyPairText,
  servers: readonly Server[],
  log: { info(line: string): void; error(line: string): void },
): Reloading {
  let known = digest(first);
  let problem = '';
  const tellIfOver = ({ cert }: KeyPairText) => {
    const over = expiredSince(cert);
    if (over !== undefined) log.error(`the certificate of ${files.cert} ended on ${over}: clients refuse it`);
  };
  tellIfOver(first);
  const reload = async () => {
    try {
      const pair = await readPair(files);
      problem = '';
      if (digest(pair) === known) return;
      for (const server of servers) server.setSecureContext(pair);
      known = digest(pair);
      log.info(`reloaded the certificate of ${files.cert}`);
      tellIfOver(pair);
    } catch (error) {
      const cause = causeLine(error);
      if (cause !== problem) log.error(`the certificate stays as it is: ${cause}`);
      problem = cause;
    }
  };
  const timer = setInterval(() => void reload(), LOOK_MS).unref();
  return { reload, close: () => clearInterval(timer) };
}

/** The date on which the first certificate of a chain ended, if it has. */
function expiredSince(cert: string): string | undefined {
  const end = new Date(new X509Certificate(cert).validTo);
  return end.getTime() < Date.now() ? end.toISOString().slice(0, 10) : undefined;
}

function digest({ cert, key }: KeyPairText): string {
  return createHash('sha256').update(`${cert}\0${key}`).digest('hex');
}
