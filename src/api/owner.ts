import { AgentError } from '../errors.js';
import type { ApiClient } from './client.js';
import { compareVersions, readClaims } from './token-claims.js';

/** Whose task it is, as `queues.get_next_task` tells with `get_task_info`. */
export interface TaskOwner {
  user: string;
  company?: string;
}

/** Logging in as a task's owner came with this version of the API, and never to the open-source server. */
const SINCE = '2.14';
/** Roles that may log in as another user. */
const ROLES: ReadonlySet<string> = new Set(['admin', 'root', 'system']);
/** Service accounts of this type and above may, whatever their role. */
const LEAST_SERVICE_ACCOUNT = 2;

/**
 * Checks that this agent can run tasks with the tokens of their owners.
 *
 * @throws AgentError OWNER_TOKEN
 */
export function requireOwnerTokens(client: Pick<ApiClient, 'server' | 'claims'>): void {
  const problem = ownerTokenProblem(client);
  if (problem === undefined) return;
  throw new AgentError('OWNER_TOKEN', `--use-owner-token: ${problem.cause}`, { hint: problem.hint });
}

function ownerTokenProblem({
  server,
  claims,
}: Pick<ApiClient, 'server' | 'claims'>): { cause: string; hint: string } | undefined {
  const { apiVersion, featureSet, role, serviceAccountType = 0 } = claims;
  if (compareVersions(apiVersion, SINCE) < 0) {
    return {
      cause: `needs API ${SINCE} or newer, and ${server} has ${apiVersion}`,
      hint: 'Update the server, or start the agent without this flag.',
    };
  }
  if (featureSet === 'basic') {
    return {
      cause: `the server ${server} is an open-source one, which gives no user a token of another`,
      hint: 'Start the agent without this flag: tasks then run with the credentials of the agent.',
    };
  }
  if (role !== undefined && !ROLES.has(role) && serviceAccountType < LEAST_SERVICE_ACCOUNT) {
    return {
      cause: `needs credentials of an administrator or a service account, and these have the role "${role}"`,
      hint: 'Create the credentials of this agent as an administrator.',
    };
  }
  return undefined;
}

/**
 * A client that calls as the owner of a task. Its tokens are had and renewed through the agent's own login, so
 * it outlives them.
 */
export function clientOf(owner: TaskOwner, agent: ApiClient): ApiClient {
  return agent.withTokens(() => ownerToken(owner, agent));
}

/** A second login where the owner belongs to another company than the agent. */
async function ownerToken({ user, company }: TaskOwner, agent: ApiClient): Promise<string> {
  const token = await login(agent, { 'X-Clearml-Impersonate-As': user });
  const { tenant } = readClaims(token);
  if (company === undefined || tenant === undefined || tenant === company) return token;
  return login(
    agent.withTokens(async () => token),
    { 'X-Clearml-Tenant': company },
  );
}

/** Tried once: who needs the token repeats the call that needs it. */
async function login(client: ApiClient, headers: Readonly<Record<string, string>>): Promise<string> {
  const answer = await client.call<{ token?: unknown }>('auth.login', {}, { headers, retry: 'none' });
  if (typeof answer.token === 'string' && answer.token !== '') return answer.token;
  throw new AgentError('API_ANSWER', `auth.login: expected a token from ${client.server}, got none`);
}
