import { tmpdir } from 'node:os';
import { diffBytes } from '../../../src/repository/diff-bytes.js';
import { withLineEnds } from '../../../src/repository/diff-hunks.js';
import { asNewFile, readDiff } from '../../../src/repository/diff-text.js';
import { gitEnvironment, secretsFor } from '../../../src/repository/git-environment.js';
import {
  cleanUrl,
  formatGitUrl,
  isLocal,
  parseGitUrl,
  repositoryName,
} from '../../../src/repository/git-url.js';
import { canonicalAddress, mirrorAt } from '../../../src/repository/mirror.js';
import {
  candidates,
  commitIn,
  describeRevision,
  remoteRef,
  wantedRevision,
} from '../../../src/repository/revision.js';
import { repositorySettings } from '../../../src/repository/settings.js';
import { rewriteUrl } from '../../../src/repository/url-rewrite.js';
import { readChanges } from '../../../src/task/code/change-text.js';
import { caseConfig } from '../../support/case-config.js';

const BOT = { 'agent.git_user': 'bot', 'agent.git_pass': 'secret-1', 'agent.git_host': 'git.example.org' };
const SETTINGS = [
  repositorySettings(caseConfig(BOT)),
  repositorySettings(caseConfig({ ...BOT, 'agent.force_git_ssh_protocol': true })),
  repositorySettings(caseConfig({ 'agent.git_user': 'bot', 'agent.git_pass': 'secret-1' })),
];

/** The address of a repository; a revision may stand on a second line. */
export function gitUrl(text: string): void {
  const [address = '', ...names] = text.split('\n');
  const url = parseGitUrl(address);
  repositoryName(url);
  for (const one of [url, cleanUrl(url)]) formatGitUrl(one);
  for (const settings of SETTINGS) {
    const target = rewriteUrl(url, settings);
    canonicalAddress(target);
    mirrorAt('/cache', target);
    gitEnvironment([address], settings);
    secretsFor([address], settings);
  }
  if (!isLocal(url) && !isLocal(parseGitUrl(formatGitUrl(url))))
    canonicalAddress(parseGitUrl(formatGitUrl(url)));
  const [branch = '', tag = '', commit = ''] = names;
  const revision = wantedRevision({ branch, tag, version_num: commit });
  candidates(revision);
  commitIn(revision);
  remoteRef(revision);
  describeRevision(revision);
}

/** Uncommitted changes, up to what `git apply` is given. */
export async function diff(text: string): Promise<void> {
  for (const kind of ['python', 'shell'] as const) readChanges(text, kind);
  const changes = readChanges(text, 'python');
  const files = await readDiff(changes.kind === 'diff' ? changes.text : text, {
    root: `${tmpdir()}/no-such-tree`,
    workingDir: 'src',
  });
  for (const file of files) {
    diffBytes(file.text);
    withLineEnds(file.text, '\r\n');
    asNewFile(file);
  }
}
