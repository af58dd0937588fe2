import { AgentError } from '../../errors.js';
import { isObject } from '../json.js';
import { SCHEMA_VERSION } from '../storage/schema.js';

/**
 * A backup is a tar archive, compressed with gzip if its name ends in `.gz` or `.tgz`. Its members are plain files: the
 * manifest first, then the database, the secrets, what was uploaded, and last the digests of all others as `sha256sum` writes
 * them. Without digests the archive was cut short.
 */
export const MANIFEST = 'manifest.json';
export const DATABASE = 'server.db';
export const SECRETS: readonly string[] = ['credentials.json', 'token-secret'];
export const FILES = 'files';
export const DIGESTS = 'SHA256SUMS';

const FORMAT = 'clearml-agent-node server backup';
const FORMAT_VERSION = 1;

export interface Manifest {
  format: typeof FORMAT;
  format_version: number;
  /** ISO date. */
  created: string;
  agent_version: string;
  /** Version of the tables in the database. */
  schema_version: number;
  /** Whether it has what was uploaded to the file server. */
  files: boolean;
}

export function newManifest(facts: Pick<Manifest, 'created' | 'agent_version' | 'files'>): Manifest {
  return { format: FORMAT, format_version: FORMAT_VERSION, schema_version: SCHEMA_VERSION, ...facts };
}

/** @throws AgentError SERVER_BACKUP for what is no manifest, or one of a later version */
export function readManifest(text: string, file: string): Manifest {
  const manifest = parsed(text);
  if (!isObject(manifest) || manifest.format !== FORMAT) throw notABackup(file);
  const { format_version: format, schema_version: schema } = manifest;
  if (Number(format) > FORMAT_VERSION || Number(schema) > SCHEMA_VERSION)
    throw new AgentError(
      'SERVER_BACKUP',
      `${file} was made by a newer version (${manifest.agent_version}, format ${format}, tables ${schema})`,
      { hint: 'Restore it with that version.' },
    );
  return manifest as unknown as Manifest;
}

export function notABackup(file: string): AgentError {
  return new AgentError(
    'SERVER_BACKUP',
    `${file} is no backup of a server: expected a tar archive that begins with ${MANIFEST}`,
    {
      hint: '"agent server backup FILE" makes one.',
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isCompressed(file: string): boolean {
  return /\.(?:gz|tgz)$/i.test(file);
}

/** A line of `SHA256SUMS`; names with a line break or a backslash are written as `sha256sum` does. */
export function digestLine(digest: string, name: string): string {
  if (!/[\\\n\r]/.test(name)) return `${digest}  ${name}\n`;
  return `\\${digest}  ${name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}\n`;
}
