import { buildRequest, forEngine } from '../../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../../src/container/arguments/parse-arguments.js';
import { renderRunLine } from '../../../src/container/arguments/render-run-line.js';
import { splitShellText } from '../../../src/container/arguments/shell-text.js';
import { splitElements } from '../../../src/container/arguments/split-elements.js';
import { readArgumentSettings } from '../../../src/container/plan/argument-settings.js';
import { planArguments } from '../../../src/container/plan/plan-arguments.js';
import { checkPolicy } from '../../../src/container/policy/check-policy.js';
import { readContainerPolicy } from '../../../src/container/policy/container-policy.js';
import { checkImageName } from '../../../src/container/policy/image-name.js';
import { isAgentError } from '../../../src/errors.js';
import { caseConfig } from '../../support/case-config.js';
import { recordedSources } from '../../support/docker-argument-sources.js';

const SETTINGS = readArgumentSettings(
  caseConfig({
    'agent.forbidden_docker_args': ['privileged'],
    'agent.protected_docker_extra_args': ['network', 'u'],
    'agent.extra_docker_arguments': ['--network=none', '-e', 'A=$HOME'],
  }),
);
const POLICY = readContainerPolicy(caseConfig({ 'agent.container_policy.mounts': ['/data'] }));
const HIDING = { enabled: true, extraNames: ['MY_*'], urls: true };

/** One text of arguments, from the record of a task to the engine's request. */
export function dockerArguments(text: string): void {
  const words = splitShellText(text.trim(), 'fuzz');
  renderRunLine(words, HIDING);
  const planned = planArguments({
    task: splitElements(words),
    settings: SETTINGS,
    env: { HOME: '/home/user' },
    usedPorts: () => new Set([8080]),
    hostAddress: () => '10.0.0.1',
  });
  const options = optionsOf(parseArguments(planned.words), 'fuzz');
  const sources = recordedSources();
  const { request } = buildRequest(options, sources);
  forEngine(request, options, '1.43');
  checkPolicy(
    { image: 'a:1', options, request: () => buildRequest(options, sources).request, sources },
    POLICY,
  );
}

/** What else of a task chooses its container: lists of arguments with blanks in their elements, and the image. */
export function containerInput(text: string): void {
  const [image = '', ...elements] = text.split('\n');
  allowCoded(() => checkImageName(image));
  optionsOf(parseArguments(splitElements(elements)), 'fuzz');
}

function allowCoded(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!isAgentError(error)) throw error;
  }
}
