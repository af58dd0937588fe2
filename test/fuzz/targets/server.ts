import { ANSWER_SHAPES } from '../../../src/api/answer-shapes.js';
import { readEnvelope } from '../../../src/api/envelope.js';
import { readLogin } from '../../../src/api/login.js';
import { parseRetryAfter } from '../../../src/api/retry.js';
import type { TaskRecord } from '../../../src/api/task-record.js';
import { compareVersions, readClaims } from '../../../src/api/token-claims.js';
import { applyOwnerVaults } from '../../../src/config/vaults.js';
import { chooseContainer } from '../../../src/container/choice/choose-container.js';
import { readContainerRules } from '../../../src/container/choice/container-rules.js';
import { isAgentError } from '../../../src/errors.js';
import { addedPackages, needsRepository } from '../../../src/python/requirements/requirement-files.js';
import { frozenRequirements, listedVersion } from '../../../src/python/requirements/requirement-source.js';
import { pythonSettings } from '../../../src/python/settings.js';
import { withoutVcsLogins } from '../../../src/repository/requirement-url.js';
import { wantedRevision } from '../../../src/repository/revision.js';
import { checkedScript } from '../../../src/task/check-record.js';
import { commandArguments, planCommand } from '../../../src/task/code/command.js';
import { executionInfo } from '../../../src/task/code/entry-point.js';
import { planLiteralScript } from '../../../src/task/code/literal-script.js';
import { interpreterKind, shellCandidates } from '../../../src/task/code/script-binary.js';
import { caseConfig } from '../../support/case-config.js';

const CONFIG = caseConfig();
const PYTHON = pythonSettings(CONFIG);
const ENV = { HOME: '/home/user', SHELL: '/bin/bash', A: 'x' };
const RULES = readContainerRules([
  { image: 'rule:1', arguments: '-e A=1', match: { script: { repository: 'x' }, tags: ['gpu'] } },
]);

/** The record of a task, as the client hands it on, up to its command and its container. */
export function taskRecord(text: string): void {
  const data = readData('tasks.get_by_id', `{"task":${text}}`);
  if (data === undefined) return;
  const { task } = data as { task?: TaskRecord };
  if (!task) return;
  const script = checkedScript(task);
  const info = executionInfo(script, { env: ENV, home: '/home/user' });
  for (const kind of [interpreterKind(script.binary).kind, 'shell', 'python'] as const) {
    const exists = (file: string) => file.length % 2 === 1;
    commandArguments(planCommand({ kind, entryPoint: info.entryPoint, exists }), ENV);
    planLiteralScript(info, { text: script.diff ?? '', kind, root: '/w' });
  }
  shellCandidates(script.binary ?? '', ENV);
  wantedRevision(script);
  addedPackages(script, PYTHON.requirements);
  needsRepository(task, PYTHON);
  withoutVcsLogins(script.requirements ?? {});
  frozenRequirements(script.requirements, ['a==1']);
  listedVersion(script.requirements, 'uv');
  JSON.stringify({ ...task.runtime, failure_class: undefined });
  chooseContainer({
    task,
    projectName: 'p',
    warn: () => undefined,
    default: { image: 'default:1', arguments: [], fromCommandLine: false },
    rules: RULES,
    rulesAvailable: true,
    updateBack: true,
    defaultOnly: false,
  });
}

/** One answer: its status and headers on the first line, the body after it, taken for that of every call. */
export function serverAnswer(text: string): void {
  const [head = '', ...rest] = text.split('\n');
  const body = rest.join('\n');
  const status = Number.parseInt(head, 10) || 200;
  const headers = { 'retry-after': head.slice(3), location: head.slice(3) };
  parseRetryAfter(head.slice(3), 0);
  const response = { status, headers, text: body };
  for (const endpoint of [...ANSWER_SHAPES.keys(), 'tasks.ping']) readData(endpoint, body, response);
  const credentials = { accessKey: 'a', secretKey: 'b' };
  coded(() => readLogin(response, { server: 'http://s', credentials, now: 0 }));
  compareVersions(readClaims(body).apiVersion, '2.14');
  applyOwnerVaults(CONFIG, [{ name: 'v', text: body }]);
}

function readData(
  endpoint: string,
  body: string,
  response?: { status: number; headers: Record<string, string> },
) {
  const answer = response ?? { status: 200, headers: {} };
  const text = response ? body : `{"meta":{"result_code":200},"data":${body}}`;
  return coded(() => readEnvelope({ ...answer, text }, { server: 'http://s', endpoint, now: 0 }));
}

function coded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isAgentError(error)) throw error;
    return undefined;
  }
}
