import { AgentError } from '../../errors.js';
import { askHealth } from '../../monitor/ask-health.js';
import { localUrl } from '../../os/local-url.js';
import { quoteWord } from '../../os/shell-words.js';
import type { CommandContext, GlobalOptions } from '../command.js';
import { sessionConfig } from '../session.js';
import { planEntrypoint } from './plan-entrypoint.js';

/** `agent entrypoint`: what a container of the agent runs. */
export async function runEntrypoint(context: CommandContext): Promise<number> {
  const { options, env, home, stdout, stderr } = context;
  if (options.health === true) return checkHealth(context);
  const plan = planEntrypoint(env, home);
  if (plan.kind === 'end') {
    stdout.write(`${plan.message}\n`);
    return 0;
  }
  for (const note of plan.notes) stderr.write(`${note}\n`);
  for (const [name, value] of Object.entries(plan.variables)) stdout.write(`${name}=${value}\n`);
  stdout.write(`agent ${plan.words.map(quoteWord).join(' ')}\n`);
  if (options.dryRun === true) return 0;
  return context.runOther([...globalWords(context.global), ...plan.words], { ...env, ...plan.variables });
}

/** 0 when the daemon of this configuration answers that it is well, else 1. */
async function checkHealth(context: CommandContext): Promise<number> {
  const config = sessionConfig(context);
  const port = config.agent.metrics.port;
  if (port === undefined) {
    throw new AgentError('CONFIG_MISSING', 'agent.metrics.port is not set, so no daemon reports its health');
  }
  const { ok, text } = await askHealth(localUrl('http', config.agent.metrics.host, port));
  context.stdout.write(`${text}\n`);
  return ok ? 0 : 1;
}

function globalWords({ configFile, debug }: GlobalOptions): string[] {
  return [...(configFile === undefined ? [] : ['--config-file', configFile]), ...(debug ? ['--debug'] : [])];
}
