import type { TaskScript } from '../../../src/api/task-record.js';
import type { ConfigValue } from '../../../src/config/config.js';
import { wantedRevision } from '../../../src/repository/revision.js';
import { repositorySettings } from '../../../src/repository/settings.js';
import { caseConfig } from '../../support/case-config.js';

interface Input {
  op: 'cache' | 'revision' | 'fetch';
  script: Pick<TaskScript, 'branch' | 'tag' | 'version_num'>;
  config?: Record<string, ConfigValue>;
  missing?: string[];
}

export function repositoryDirname(input: Input): unknown {
  if (input.op === 'cache') return undefined;
  if (input.op === 'revision') return revision(input);
  const { fetchArguments } = repositorySettings(caseConfig(input.config));
  return { git_calls: [['fetch', ...fetchArguments]] };
}

/** What is checked out, in the words of the original; its default branch is a guess and declined. */
function revision({ script, missing = [] }: Input): unknown {
  const wanted = wantedRevision(script);
  if (wanted.kind === 'default') return undefined;
  const name = wanted.kind === 'branch' ? `origin/${wanted.name}` : wanted.name;
  const failed = missing.includes(name);
  return {
    revision: wanted.kind === 'branch' ? [name] : name,
    git_calls: [['checkout', name, '--force'], ...(failed ? [] : [['submodule', 'update', '--recursive']])],
    failed,
  };
}
