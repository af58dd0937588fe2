import os from 'node:os';
import path from 'node:path';

export interface Home {
  /** Absolute path. */
  folder: string;
  /** What the user should know about the choice. */
  warning?: string;
}

/**
 * The user's home folder: `HOME` where that is an absolute path, else the home in the password database, else `/`
 * for a user without an entry, as container engines do.
 */
export function homeFolder(
  env: Readonly<Record<string, string | undefined>>,
  fromDatabase: () => string = () => os.userInfo().homedir,
): Home {
  const named = env.HOME ?? '';
  if (path.isAbsolute(named)) return { folder: named };
  const folder = databaseHome(fromDatabase);
  if (named === '') return { folder };
  const warning = `HOME is "${named}", which is no absolute path; the agent uses ${folder}`;
  return { folder, warning };
}

function databaseHome(read: () => string): string {
  try {
    const folder = read();
    return path.isAbsolute(folder) ? folder : '/';
  } catch {
    // The user has no entry, as with `docker run --user 1234`.
    return '/';
  }
}
