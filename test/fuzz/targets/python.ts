import { optionLines, quotedPath } from '../../../src/packaging/list-options.js';
import { expandListed } from '../../../src/packaging/list-variables.js';
import { markerHolds } from '../../../src/packaging/markers.js';
import { parseRequirement } from '../../../src/packaging/requirement.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { planConda } from '../../../src/python/conda/conda-plan.js';
import { planInstall, planTexts } from '../../../src/python/install/install-plan.js';
import { mergeRepeated } from '../../../src/python/install/repeated-packages.js';
import { uvOptions } from '../../../src/python/install/uv-flags.js';
import { listObstacle } from '../../../src/python/install/uv-obstacles.js';
import { decodeText } from '../../../src/python/requirements/listed-file.js';
import { fromRepositoryRoot } from '../../../src/python/requirements/repository-folder.js';
import { listedVersion } from '../../../src/python/requirements/requirement-source.js';
import { pythonSettings } from '../../../src/python/settings.js';
import { rewriteVcsRequirementUrl } from '../../../src/repository/requirement-url.js';
import { repositorySettings } from '../../../src/repository/settings.js';
import { caseConfig } from '../../support/case-config.js';

const SETTINGS = pythonSettings(caseConfig()).requirements;
const REPOSITORIES = repositorySettings(
  caseConfig({ 'agent.git_user': 'bot', 'agent.git_pass': 'secret-1' }),
);
const MARKERS = {
  python_version: '3.11',
  python_full_version: '3.11.4',
  sys_platform: 'linux',
  os_name: 'posix',
  extra: '',
};

/** A requirements list, from the bytes of its file to what pip, uv and conda are given. */
export function requirements(text: string): void {
  const content = decodeText(Buffer.from(text));
  const lines = content.split('\n').map(fromRepositoryRoot);
  let files = 0;
  // A few files that name each other; more of them would only be slow.
  const read = (file: string) => (file.length < 20 && files++ < 20 ? content.slice(file.length) : undefined);
  const list = parseRequirementList(lines, read);
  for (const { marker, line } of list.requirements) {
    if (marker !== undefined) markerHolds(marker, MARKERS);
    rewriteVcsRequirementUrl(line, REPOSITORIES);
  }
  const plan = planInstall(list, SETTINGS);
  const again = mergeRepeated(planTexts(plan).map((one) => expandListed(one, { HOME: '/h' })));
  for (const one of again) if (one.trim() !== '') parseRequirement(one);
  optionLines(list.options, quotedPath);
  uvOptions(list.options.others);
  listObstacle(list);
  planConda(list.requirements, { cuda: 118, channels: ['defaults'], markers: MARKERS });
  listedVersion({ pip: content }, 'uv');
}
