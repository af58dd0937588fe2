import { proxyFor } from '../../api/proxy.js';
import { connectionSettings } from '../../api/settings.js';
import { Transport } from '../../api/transport.js';
import { readTrust } from '../../api/trust.js';
import { resolveQueues } from '../../daemon/queues/resolve-queues.js';
import { type Check, type DoctorContext, type Finding, ok, problem, warning } from './check.js';

/** A token is refused when the clocks differ by its life; certificates and logs suffer earlier. */
const SKEW = { warningMs: 30_000, problemMs: 300_000 };

export const proxyCheck: Check = {
  name: 'proxy',
  title: 'Proxy',
  async run({ config }) {
    const { server } = connectionSettings(config);
    const proxy = proxyFor(new URL(server), config.env);
    if (proxy === undefined) return [ok(`none for ${new URL(server).host}`)];
    return [ok(`${new URL(server).host} is reached through ${proxy.protocol}://${proxy.host}:${proxy.port}`)];
  },
};

export const serverCheck: Check = {
  name: 'server',
  title: 'API server',
  async run({ config, signal }): Promise<Finding[]> {
    const { server, trust } = connectionSettings(config);
    const tls = readTrust(trust);
    const transport = new Transport({ tls: () => tls, env: config.env });
    const begun = Date.now();
    try {
      const answer = await transport.send({
        method: 'get',
        url: `${server}/debug.ping`,
        headers: {},
        signal,
      });
      const ended = Date.now();
      return [
        reached(server, answer.status, ended - begun),
        ...skewOf(answer.headers.date, (begun + ended) / 2),
      ];
    } finally {
      transport.close();
    }
  },
};

function reached(server: string, status: number, ms: number): Finding {
  if (status < 500) return ok(`${server} answers in ${ms} ms`);
  return problem(
    `${server} answers with HTTP status ${status}`,
    'Look into the log of the server or its proxy.',
  );
}

/** The header has whole seconds, so up to one of them is no skew. */
function skewOf(date: string | undefined, localMs: number): Finding[] {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return [];
  const skew = Math.max(0, Math.abs(theirs + 500 - localMs) - 500);
  const seconds = Math.round(skew / 1000);
  if (skew < SKEW.warningMs) return [ok(`clocks agree (difference ${seconds} s)`)];
  const text = `this machine's clock and the server's differ by ${seconds} s`;
  const fix = 'Let the clock be set over the network: timedatectl set-ntp true';
  return [skew < SKEW.problemMs ? warning(text, fix) : problem(text, fix)];
}

export const credentialsCheck: Check = {
  name: 'credentials',
  title: 'Credentials',
  async run({ connection }: DoctorContext) {
    const { client } = await connection();
    const { userName, user, apiVersion, serverVersion } = client.claims;
    const who = userName ?? user ?? 'unknown user';
    return [ok(`accepted for ${who} (server ${serverVersion ?? 'of unknown version'}, API ${apiVersion})`)];
  },
};

export const queuesCheck: Check = {
  name: 'queues',
  title: 'Queues',
  async run({ connection, queues }) {
    const { queues: api } = await connection();
    const found = await resolveQueues(api, { queues, createQueues: false });
    return found.map(({ name, id }) => ok(`${queues.length === 0 ? 'default queue: ' : ''}${name} (${id})`));
  },
};
