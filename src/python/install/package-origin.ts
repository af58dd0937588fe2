import { programText } from '../../os/program-file.js';
import { parseRequirement, type Requirement } from '../../packaging/requirement.js';
import { meets } from '../../packaging/version.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import type { InstallContext } from './installer.js';

/**
 * pip installs a repository by `setup.py install` where the environment has no `wheel`, and then leaves no
 * record of where the package came from; from this version on it never does so.
 */
const RECORDS_ALWAYS = '23.1';
/** From here on pip can say in a file what it has installed. */
const WRITES_REPORT = '22.2';

/** One call of pip that is watched for packages without a record of their origin. */
export interface OriginWatch {
  flags: readonly string[];
  /** After an installation that worked: writes the records that pip left out. */
  complete(): Promise<void>;
}

/**
 * Sees to it that packages from repositories have their `direct_url.json`, so that the list of the installed
 * packages names the repository, as pip's own `pip freeze` then does. `undefined` when pip does so itself.
 */
export function watchOrigins(
  context: InstallContext,
  pipVersion: string,
  lines: readonly string[],
): OriginWatch | undefined {
  const repositories = lines.map(parseRequirement).filter(({ kind }) => kind === 'vcs');
  if (repositories.length === 0 || meets(pipVersion, ['>=', RECORDS_ALWAYS])) return undefined;
  const report = `${context.listFile}.report.json`;
  const byPip = meets(pipVersion, ['>=', WRITES_REPORT]);
  return {
    flags: byPip ? ['--report', report] : [],
    complete: async () => {
      if (!byPip) await context.place.write(report, JSON.stringify(requestedReport(repositories)), 0o600);
      await context.place.exec({
        argv: [context.python, '-E', '-s', '-c', programText('record_origins.py', import.meta.url), report],
        env: CLEAN_ENVIRONMENT,
      });
    },
  };
}

/** What was asked for, in the form of pip's report; it cannot express repositories without a name. */
function requestedReport(repositories: readonly Requirement[]): object {
  const install = repositories
    .filter(({ name }) => name !== undefined)
    .map(({ name, uri = '', vcs, revision, subdirectory }) => ({
      metadata: { name },
      download_info: {
        url: uri.replace(/^[a-z]+\+/, ''),
        vcs_info: {
          vcs,
          ...(revision === undefined ? {} : { requested_revision: revision, commit_id: revision }),
        },
        ...(subdirectory === undefined ? {} : { subdirectory }),
      },
    }));
  return { install };
}
