import https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** What lies between may cut a connection that idles longer, silently. */
const IDLE_MS = 10_000;
/** Of a burst of calls, the others are closed. */
const MOST_IDLE = 8;

/** A kubeconfig whose calls share connections; the client makes a new one, with its TLS, for each call. */
export class KeptKubeConfig extends KubeConfig {
  #kept: { of: string; agent: https.Agent } | undefined;

  override async applyToHTTPSOptions(
    options: Parameters<KubeConfig['applyToHTTPSOptions']>[0],
  ): Promise<void> {
    await super.applyToHTTPSOptions(options);
    const { agent } = options;
    // Proxies have agents of their own.
    if (agent instanceof https.Agent && agent.constructor === https.Agent)
      options.agent = this.#keptAs(agent);
  }

  /** A certificate that was renewed gets connections of its own. */
  #keptAs({ options }: https.Agent): https.Agent {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const of = JSON.stringify([ca, cert, key, pfx, passphrase, rejectUnauthorized, servername].map(String));
    if (this.#kept?.of === of) return this.#kept.agent;
    const agent = new https.Agent({
      ...options,
      keepAlive: true,
      timeout: IDLE_MS,
      maxFreeSockets: MOST_IDLE,
    });
    this.#kept = { of, agent };
    return agent;
  }
}
