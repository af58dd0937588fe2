import type { TaskOwner } from '../../api/owner.js';
import type { WorkersApi } from '../../api/workers.js';
import type { Config, Environment } from '../../config/config.js';
import type { ReloadedConfig } from '../../config/reload.js';
import type { AgentContext } from '../../task/context.js';
import type { Connection } from '../connect.js';
import { ownerConfig } from '../effective-config.js';
import { nameRank } from '../node-rank.js';
import type { OwnerSession, Owners } from '../owners.js';
import { serviceWorkerId } from '../worker-id.js';

export interface RunContextsOptions {
  /** Of the daemon; what a run changes is laid over it. */
  ctx: AgentContext;
  connection: Connection;
  reloaded: ReloadedConfig;
  /** Each run is a worker of its own. */
  services: boolean;
  /** Tasks run with the identity of their owners. */
  owners: Owners | undefined;
}

/** Whose task a run is for. */
export interface RunSubject {
  task: string;
  owner?: Partial<TaskOwner> | undefined;
}

export interface RunIdentity {
  /** Its redactor is the run's own; whoever ends the run ends it. */
  ctx: AgentContext;
  /** Reports about the run go here. */
  workers: WorkersApi;
  /** Why the task cannot be run. */
  problem?: unknown;
}

/** Makes the context of each run: the configuration in force by then, and who it is for the server. */
export class RunContexts {
  readonly #options: RunContextsOptions;

  constructor(options: RunContextsOptions) {
    this.#options = options;
  }

  async of({ task, owner }: RunSubject): Promise<RunIdentity> {
    const { ctx, connection, reloaded, services, owners } = this.#options;
    const config = await reloaded.next();
    const own: AgentContext = {
      ...ctx,
      config,
      environment: config.env,
      redactor: ctx.redactor.fork(),
      ...(services ? { serviceTask: true, workerId: serviceWorkerId(ctx.workerId, task) } : {}),
    };
    if (owners === undefined) return { ctx: await withToken(own, connection), workers: connection.workers };
    try {
      const session = await owners.session(task, owner);
      return { ctx: await asOwner(own, session), workers: session.connection.workers };
    } catch (problem) {
      return { ctx: own, workers: connection.workers, problem };
    }
  }
}

/** An agent that has no keys gives its tasks the token that it calls the server with. */
export async function withToken(ctx: AgentContext, { client }: Connection): Promise<AgentContext> {
  if (ctx.config.variable('CLEARML_AUTH_TOKEN') === undefined) return ctx;
  const token = await client.token();
  ctx.redactor.add(token);
  const config = withoutKeys(ctx.config, token);
  return { ...ctx, config, environment: config.env, authToken: token };
}

/** The agent's own keys, which tasks of other users must not see. */
const KEYS = ['API_ACCESS_KEY', 'API_SECRET_KEY'];

async function asOwner(ctx: AgentContext, session: OwnerSession): Promise<AgentContext> {
  ctx.redactor.add(session.token);
  // Whom a place of its own belongs to is no reason to change anything on this machine.
  const here = !ctx.driver.capabilities.ownEnvironment;
  const { connection, statuses, token } = session;
  const config = withoutKeys(await ownerConfig({ ...ctx, connection }, here), token);
  return {
    ...ctx,
    config,
    environment: config.env,
    authToken: token,
    tasks: connection.tasks,
    logServer: nameRank(connection.events, config),
    statuses,
  };
}

function withoutKeys(config: Config, token: string): Config {
  const names = KEYS.flatMap((name) => [`CLEARML_${name}`, `TRAINS_${name}`]);
  const removed: Environment = Object.fromEntries(names.map((name) => [name, undefined]));
  return config.withEnvironment({ ...removed, CLEARML_AUTH_TOKEN: token, TRAINS_AUTH_TOKEN: token });
}
