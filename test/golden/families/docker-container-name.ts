import type { ConfigValue } from '../../../src/config/config.js';
import { containerName, isContainerName } from '../../../src/container/choice/container-name.js';
import { readNameSettings } from '../../../src/container/plan/container-settings.js';
import { flatConfig } from '../../support/flat-config.js';

interface NameInput {
  op: string;
  config?: Record<string, ConfigValue>;
  task_id?: string;
  worker_id?: string;
  rand_char?: string;
  task?: unknown;
  services_mode?: boolean;
  name?: string;
}

export function dockerContainerName(input: NameInput): unknown {
  if (input.op === 'valid_name') return isContainerName(input.name ?? '');
  const taskId = input.task_id ?? '';
  const { name } = containerName({
    ...readNameSettings(flatConfig({ config: input.config ?? {} })),
    taskId,
    workerId: `${input.worker_id}${input.services_mode ? `:service:${taskId}` : ''}`,
    task: input.task,
    random: (input.rand_char ?? '').repeat(32),
  });
  return { name: name ?? null };
}
