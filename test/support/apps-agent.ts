import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { bundleAt } from '../../src/cli/app/app-path.js';
import { pack } from '../../src/server/apps/archive/pack.js';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
import { GitRepository } from './git-repository.js';
import { pythonOfTool } from './python-tools.js';
import { until } from './until.js';

const EXAMPLES = path.resolve(import.meta.dirname, '../../examples/apps');

export interface AppsAgent extends AgentUnderTest {
  /** The zip archive of an example whose code is in a repository of this machine. */
  archive(name: string): Promise<Buffer>;
  /** The queue of the applications. */
  appsQueue: string;
}

/** The agent of the guide: it makes its queue, serves instances, and its Python has the packages that they need. */
export async function appsAgent(t: ExecutionContext): Promise<AppsAgent> {
  const python = await pythonOfTool('clearml');
  const agent = await agentUnderTest(t, { CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: python });
  const repository = path.join(agent.home.folder, 'repositories', 'apps');
  mkdirSync(path.dirname(repository), { recursive: true });
  cpSync(EXAMPLES, repository, { recursive: true });
  new GitRepository(repository).commit({});
  const words = ['--foreground', '--create-queue', '--child-report-tags', 'application', '--services-mode=4'];
  const daemon = agent.agent('daemon', ...words, '--queue', 'custom_apps_queue');
  const appsQueue = await until(
    async () => {
      const query = { name: '^custom_apps_queue$' };
      return (await agent.call<{ queues: { id: string }[] }>('queues.get_all', query)).queues[0]?.id;
    },
    { what: 'the queue of the applications', context: daemon.output },
  );
  return {
    ...agent,
    appsQueue,
    archive: async (name) => {
      const { files } = await bundleAt(path.join(EXAMPLES, name));
      const text = files.text.replace('https://example.com/your/apps.git', `file://${repository}`);
      return pack({ ...files, text });
    },
  };
}
