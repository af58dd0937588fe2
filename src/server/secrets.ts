import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, causeLine, systemCode } from '../errors.js';
import { ensureFolder, readTextIfThere, writeFileDurable } from '../os/files.js';
import { type KeyPair, newKeyPair } from './auth/accounts.js';

const CREDENTIALS_FILE = 'credentials.json';
const TOKEN_SECRET_FILE = 'token-secret';

export interface Secrets {
  credentials: KeyPair;
  credentialsFile: string;
  /** Signs the tokens; kept, so that tokens outlive a restart. */
  tokenSecret: string;
}

/**
 * Reads the secrets of a folder, or makes them: files of mode 0600.
 *
 * @throws AgentError SERVER_FOLDER
 */
export async function openSecrets(folder: string): Promise<Secrets> {
  const credentialsFile = path.join(folder, CREDENTIALS_FILE);
  const credentials = await readCredentials(credentialsFile);
  const secretFile = path.join(folder, TOKEN_SECRET_FILE);
  const kept = (await readSecret(secretFile))?.trim();
  const tokenSecret = kept === undefined || kept === '' ? randomBytes(48).toString('base64url') : kept;
  if (tokenSecret !== kept) await writeFileDurable(secretFile, `${tokenSecret}\n`, 0o600);
  // Someone may have copied them with other rights.
  await Promise.all([credentialsFile, secretFile].map((file) => chmod(file, 0o600)));
  return { credentials, credentialsFile, tokenSecret };
}

/**
 * Makes a folder for this user alone.
 *
 * @throws AgentError SERVER_FOLDER
 */
export async function openFolder(folder: string): Promise<void> {
  try {
    await ensureFolder(folder, 0o700);
    await chmod(folder, 0o700);
  } catch (error) {
    throw new AgentError('SERVER_FOLDER', `cannot use ${folder} as the server's folder: ${reasonOf(error)}`, {
      hint: 'Name a folder that is yours to write with --folder.',
      cause: error,
    });
  }
}

async function readSecret(file: string): Promise<string | undefined> {
  try {
    return await readTextIfThere(file);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('SERVER_FOLDER', `cannot read ${file}: ${reasonOf(error)}`, {
      hint: 'Give the file back to this user, or name another folder with --folder.',
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it',
  EPERM: 'this user may not use it',
  EEXIST: 'a file has that name',
  ENOTDIR: 'its path leads through a file',
  EISDIR: 'a folder has that name',
  EROFS: 'its file system is read-only',
  ELOOP: 'a link on its path leads to itself',
  ENAMETOOLONG: 'the name is too long',
};

function reasonOf(error: unknown): string {
  return REASONS[systemCode(error) ?? ''] ?? causeLine(error);
}

async function readCredentials(file: string): Promise<KeyPair> {
  const text = await readSecret(file);
  if (text !== undefined) return parseCredentials(text, file);
  const keys = newKeyPair();
  const content = { access_key: keys.accessKey, secret_key: keys.secretKey };
  await writeFileDurable(file, `${JSON.stringify(content, null, 2)}\n`, 0o600);
  return keys;
}

function parseCredentials(text: string, file: string): KeyPair {
  try {
    const { access_key: accessKey, secret_key: secretKey } = JSON.parse(text);
    if (typeof accessKey === 'string' && typeof secretKey === 'string') return { accessKey, secretKey };
  } catch {
    // Reported below, as any other content that is not a key pair.
  }
  throw new AgentError('SERVER_FOLDER', `${file} holds no access_key and secret_key`, {
    hint: 'Remove the file: the server then makes a new pair.',
  });
}
