import type { TaskContainer } from '../../src/api/task-record.js';
import type { ConfigValue } from '../../src/config/config.js';
import { readContainerRules } from '../../src/container/choice/container-rules.js';
import { chooseDefaultImage } from '../../src/container/choice/default-image.js';
import { type ContainerFacts, planContainer } from '../../src/container/plan/plan-container.js';
import { recordedSources } from './docker-argument-sources.js';
import { flatConfig } from './flat-config.js';

/** What the plan of a container depends on; defaults for the rest. */
export interface Wanted {
  config?: Record<string, ConfigValue>;
  env?: Record<string, string>;
  container?: TaskContainer;
  flag?: string[];
  rulesAvailable?: boolean;
  facts?: Partial<ContainerFacts>;
}

/** Plans the container of a task without an engine. */
export function plan({
  config: keys = {},
  env = {},
  container = {},
  flag,
  rulesAvailable = false,
  facts = {},
}: Wanted) {
  const config = flatConfig({ config: keys, env });
  const task = { id: 'T', container, script: { binary: 'python3.10' } };
  return planContainer({
    config,
    home: '/home/u',
    choice: {
      task,
      projectName: 'p',
      warn: () => undefined,
      default: chooseDefaultImage(config, flag),
      rules: readContainerRules(config.agent.defaultDocker.matchRules),
      rulesAvailable,
      updateBack: true,
      defaultOnly: config.agent.disableTaskDockerOverride,
    },
    document: task,
    templates: { task, config: config.all, worker_id: 'host:gpu0' },
    advanced: true,
    taskId: 'T',
    workerId: 'host:gpu0',
    parentWorkerId: 'host:gpu0',
    serviceTask: false,
    gpu: { visible: 'none', skipFlag: false, podman: false, amdNodes: undefined },
    configFile: '/run/clearml.conf',
    gitFiles: [],
    trust: [{ name: 'SSL_CERT_FILE', file: '/etc/own-ca.pem' }],
    vaultVariables: [],
    sources: recordedSources(),
    usedPorts: () => new Set([8080]),
    hostAddress: () => '10.1.2.3',
    random: 'r'.repeat(32),
    engineSees: (file) => file,
    ...facts,
  });
}
