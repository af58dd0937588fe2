import type { TaskOwner } from '../../api/owner.js';
import type { WorkersApi } from '../../api/workers.js';
import type { Config, Environment } from '../../config/config.js';
import type { ReloadedConfig } from '../../config/reload.js';
import type { ResourceShare } from '../../container/resources/resource-words.js';
import { setVisible, visibilityVariables } from '../../gpu/visibility.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import type { AgentContext } from '../../task/context.js';
import { deviceList, fractionList } from '../admission/grant.js';
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
  /** A run that holds nothing of the machine is a service. */
  services: boolean;
  /** Tasks run with the identity of their owners. */
  owners: Owners | undefined;
}

/** Whose task a run is for. */
export interface RunSubject {
  task: string;
  owner?: Partial<TaskOwner> | undefined;
  grant?: GrantRecord | undefined;
}

export interface RunIdentity {
  /** Its redactor is the run's own; whoever ends the run ends it. */
  ctx: AgentContext;
  /** Reports about the run go here. */
  workers: WorkersApi;
  /** `--gpus` of a run that is a worker of its own; absent where the daemon reports it as its own work. */
  gpus?: string;
  /** Why the task cannot be run. */
  problem?: unknown;
}

/** Makes the context of each run: the configuration in force by then, and who it is for the server. */
export class RunContexts {
  readonly #options: RunContextsOptions;

  constructor(options: RunContextsOptions) {
    this.#options = options;
  }

  async of({ task, owner, grant }: RunSubject): Promise<RunIdentity> {
    const { ctx, connection, reloaded, services, owners } = this.#options;
    const share = shareOf(ctx.workerId, { task, grant, services });
    const config = pinned(await reloaded.next(), share);
    const own: AgentContext = {
      ...ctx,
      config,
      environment: config.env,
      redactor: ctx.redactor.fork(),
      ...(share === undefined ? {} : { serviceTask: true, workerId: share.workerId }),
      ...(share?.fractions === undefined ? {} : { gpuFractions: share.fractions }),
      ...(share?.limits === undefined ? {} : { limits: share.limits }),
    };
    const gpus = share === undefined ? {} : { gpus: share.gpus };
    if (owners === undefined)
      return { ctx: await withToken(own, connection), workers: connection.workers, ...gpus };
    try {
      const session = await owners.session(task, owner);
      return { ctx: await asOwner(own, session), workers: session.connection.workers, ...gpus };
    } catch (problem) {
      return { ctx: own, workers: connection.workers, ...gpus, problem };
    }
  }
}

/** What of the machine a run sees that is a worker of its own. */
interface Share {
  workerId: string;
  /** As `--gpus` says it. */
  gpus: string;
  fractions?: string;
  /** Limits of the task's container or control group. */
  limits?: ResourceShare;
}

function shareOf(
  daemon: string,
  { task, grant, services }: Pick<RunSubject, 'task' | 'grant'> & { services: boolean },
): Share | undefined {
  if (grant === undefined)
    return services ? { workerId: serviceWorkerId(daemon, task), gpus: 'none' } : undefined;
  const { kind, worker = daemon, devices = [], share } = grant;
  if (kind === 'whole') return undefined;
  if (kind === 'slot') return { workerId: worker, gpus: 'none', ...(share ? { limits: share } : {}) };
  return { workerId: worker, gpus: deviceList(devices), fractions: fractionList(devices) };
}

function pinned(config: Config, share: Share | undefined): Config {
  return share === undefined ? config : config.withEnvironment(visibilityVariables(setVisible(share.gpus)));
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
    forOwner: true,
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
