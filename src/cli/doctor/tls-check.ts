import { once } from 'node:events';
import tls from 'node:tls';
import { proxyFor } from '../../api/proxy.js';
import { connectionSettings } from '../../api/settings.js';
import { readTrust } from '../../api/trust.js';
import { AgentError, causeLine } from '../../errors.js';
import { type Check, type Finding, ok, problem, warning } from './check.js';

const DAY_MS = 86_400_000;
/** A certificate that ends within this time is worth a word. */
const SOON_MS = 14 * DAY_MS;
const CONNECT_MS = 10_000;

export const tlsCheck: Check = {
  name: 'tls',
  title: 'TLS',
  async run({ config }): Promise<Finding[]> {
    const { server, trust } = connectionSettings(config);
    const url = new URL(server);
    if (url.protocol !== 'https:') return [ok('not used: the server is reached over http')];
    const settings = readTrust(trust);
    const own = trust.authorities === undefined ? '' : `, authorities of ${trust.authorities.setting}`;
    if (proxyFor(url, config.env) !== undefined)
      return [ok(`through a proxy; its end is checked by the login${own}`)];
    const { certificate, refusal } = await handshake(url, settings.ca);
    const subject = nameOf(certificate.subject?.CN) ?? url.hostname;
    const found = [...expiry(certificate.valid_to, subject)];
    if (refusal === undefined) return [ok(`${subject} is signed by ${issuer(certificate)}${own}`), ...found];
    if (!settings.rejectUnauthorized) {
      return [
        warning(`certificates are not checked, and this one would be refused: ${refusal}`, CA_FIX),
        ...found,
      ];
    }
    return [problem(`the certificate of ${url.host} is not trusted: ${refusal}`, CA_FIX), ...found];
  },
};

const CA_FIX =
  'Name the file with the authority that signed it in api.verify_certificate or in REQUESTS_CA_BUNDLE.';

interface Handshake {
  certificate: tls.PeerCertificate;
  /** Why it would not be trusted. */
  refusal: string | undefined;
}

async function handshake(url: URL, ca: string[] | undefined): Promise<Handshake> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = tls.connect({
    host,
    port: Number(url.port) || 443,
    servername: host,
    rejectUnauthorized: false,
    ...(ca === undefined ? {} : { ca }),
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
    const certificate = socket.getPeerCertificate();
    const wrongName = tls.checkServerIdentity(host, certificate);
    const reason = socket.authorized ? undefined : String(socket.authorizationError);
    return { certificate, refusal: reason ?? wrongName?.message };
  } catch (error) {
    throw new AgentError('API_UNREACHABLE', `no TLS connection to ${url.host}: ${causeLine(error)}`, {
      cause: error,
    });
  } finally {
    socket.destroy();
  }
}

/** A field of a name may stand there several times. */
function nameOf(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(', ') : field;
}

function issuer(certificate: tls.PeerCertificate): string {
  return nameOf(certificate.issuer?.CN) ?? nameOf(certificate.issuer?.O) ?? 'an unnamed authority';
}

function expiry(validTo: string, subject: string): Finding[] {
  const left = Date.parse(validTo) - Date.now();
  if (Number.isNaN(left) || left > SOON_MS) return [];
  const days = Math.floor(left / DAY_MS);
  const text =
    left < 0 ? `the certificate of ${subject} has ended` : `the certificate of ${subject} ends in ${days} d`;
  return [left < 0 ? problem(text, 'Renew it.') : warning(text, 'Renew it.')];
}
