import type { IncomingHttpHeaders } from 'node:http';
import type { ServerConfig } from '../config/server-config.js';

/** The token in the session's cookie of a request. */
export function sessionOf({ cookie = '' }: IncomingHttpHeaders, config: ServerConfig): string | undefined {
  const name = config.get('apiserver.auth.session_auth_cookie_name');
  for (const part of cookie.split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name && value.length > 0) return value.join('=');
  }
  return undefined;
}

/** The `Set-Cookie` header that begins the session of a token, or ends one. */
export function sessionCookie(config: ServerConfig, token: string | undefined): string {
  const name = config.get('apiserver.auth.session_auth_cookie_name');
  const domain = config.get('apiserver.auth.cookies.domain');
  const sameSite = config.get('apiserver.auth.cookies.samesite');
  const maxAge = token === undefined ? 0 : config.get('apiserver.auth.cookies.max_age');
  return [
    `${name}=${token ?? ''}`,
    'Path=/',
    `Max-Age=${maxAge}`,
    `SameSite=${sameSite.charAt(0).toUpperCase()}${sameSite.slice(1)}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(config.get('apiserver.auth.cookies.httponly') ? ['HttpOnly'] : []),
    ...(config.get('apiserver.auth.cookies.secure') ? ['Secure'] : []),
  ].join('; ');
}

/** @throws AgentError CONFIG_VALUE for settings of the cookie that no browser takes */
export function checkCookieSettings(config: ServerConfig): void {
  const at = 'apiserver.auth.cookies';
  if (config.get(`${at}.samesite`) === 'none' && !config.get(`${at}.secure`))
    throw config.problem(`${at}.samesite`, 'browsers take "none" only with secure: true');
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(config.get('apiserver.auth.session_auth_cookie_name')))
    throw config.problem('apiserver.auth.session_auth_cookie_name', 'expected letters, digits, "_" and "-"');
  const domain = config.get(`${at}.domain`);
  if (domain !== undefined && !/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(domain))
    throw config.problem(
      `${at}.domain`,
      `expected a domain such as ".clearml.example.com", found "${domain}"`,
    );
}
