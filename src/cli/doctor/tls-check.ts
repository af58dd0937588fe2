import { once } from 'node:events';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { proxyFor } from '../../api/proxy.js';
import { connectionSettings } from '../../api/settings.js';
import { readTrust, type TlsSettings } from '../../api/trust.js';
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
    const { certificate, refusal } = await handshake(url, settings);
    const subject = nameOf(certificate.subject?.CN) ?? url.hostname;
    if (refusal === undefined)
      return [ok(`${subject} is signed by ${issuer(certificate)}${own}`), ...expiry(certificate, subject)];
    const { why, fix } = explain(refusal, certificate);
    if (!settings.rejectUnauthorized) {
      return [warning(`certificates are not checked, and this one would be refused: ${why}`, fix)];
    }
    return [problem(`the certificate of ${url.host} is not trusted: ${why}`, fix)];
  },
};

const CA_FIX =
  'Name the file with the authority that signed it in api.verify_certificate or in REQUESTS_CA_BUNDLE.';

/** What OpenSSL and Node call the reasons, in words; others are shown as they are. */
const REFUSALS: Readonly<Record<string, { why: string; fix: string }>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    why: 'it is signed by itself',
    fix: 'Name its file in api.verify_certificate or in REQUESTS_CA_BUNDLE.',
  },
  SELF_SIGNED_CERT_IN_CHAIN: { why: 'its authority is not a known one', fix: CA_FIX },
  UNABLE_TO_GET_ISSUER_CERT: { why: 'the authority above it is missing', fix: CA_FIX },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { why: 'its authority is not a known one', fix: CA_FIX },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    why: 'its authority is not a known one, or the server does not send the certificates in between',
    fix: `Let the server send its whole chain. ${CA_FIX}`,
  },
  CERT_HAS_EXPIRED: {
    why: 'it has ended',
    fix: 'Renew it on the server, or correct the clock of this machine.',
  },
  CERT_NOT_YET_VALID: { why: 'it is not valid yet', fix: 'Correct the clock of this machine.' },
};

function explain(code: string, certificate: tls.PeerCertificate): { why: string; fix: string } {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = certificate.subjectaltname?.replaceAll(/(?:DNS|IP Address):/g, '') ?? 'no name at all';
    return {
      why: `it is for ${names}`,
      fix: 'Use a name that it is for in api.api_server, or have it made for this one.',
    };
  }
  const { why, fix } = REFUSALS[code] ?? { why: code, fix: CA_FIX };
  return { why: `${why} (signed by ${issuer(certificate)})`, fix };
}

interface Handshake {
  certificate: tls.PeerCertificate;
  /** Code of the reason why it would not be trusted. */
  refusal: string | undefined;
}

async function handshake(url: URL, settings: TlsSettings): Promise<Handshake> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = tls.connect({
    ...settings,
    host,
    port: Number(url.port) || 443,
    // An address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
    const certificate = socket.getPeerCertificate();
    return { certificate, refusal: socket.authorized ? undefined : String(socket.authorizationError) };
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

/** Told before it is too late; one that has ended is refused. */
function expiry(certificate: tls.PeerCertificate, subject: string): Finding[] {
  const left = Date.parse(certificate.valid_to) - Date.now();
  if (Number.isNaN(left) || left > SOON_MS) return [];
  return [warning(`the certificate of ${subject} ends in ${Math.floor(left / DAY_MS)} d`, 'Renew it.')];
}
