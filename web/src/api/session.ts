import { signal } from '@preact/signals';
import { at, pathIn } from '../base.js';
import { call } from './client.js';

interface User {
  id: string;
  name: string;
  role?: string;
}

/** Who is logged in, once the server has said so. */
export const user = signal<User | undefined>(undefined);

const LOGIN = '/login';

/** Shows the log-in, which comes back to this page. */
export function sessionEnded(): void {
  user.value = undefined;
  const here = pathIn(location.pathname) + location.search;
  if (here.startsWith(LOGIN)) return;
  location.assign(at(`${LOGIN}?next=${encodeURIComponent(here)}`));
}

/** The page to show after the log-in: of this application only. */
export function pageAfterLogin(): string {
  const next = new URLSearchParams(location.search).get('next') ?? '/';
  return at(next.startsWith('/') && !next.startsWith('//') ? next : '/');
}

/** @throws ApiFailure for a name or password that the server does not know */
export async function logIn(name: string, password: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  const basic = btoa(String.fromCharCode(...bytes));
  await call('auth.login', {}, { headers: { authorization: `Basic ${basic}` }, keepSession: true });
}

/** Whoever wants to look without an account, if the configuration of the server lets them. */
type Guest = { enabled: false } | { enabled: true; name: string; username: string; password: string };

export interface LoginModes {
  /** Whether there is a session already. */
  authenticated: boolean;
  /** Whether users have passwords. */
  basic?: { enabled: boolean; guest?: Guest };
}

export function askModes(signal: AbortSignal): Promise<LoginModes> {
  return call<LoginModes>('login.supported_modes', {}, { signal, keepSession: true });
}

/** Takes the one-time token out of the address, so that it is neither kept nor shared. */
export function linkToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined;
  if (token !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** @throws ApiFailure for a token that is wrong, or was used before */
export async function logInByLink(token: string): Promise<void> {
  await call('auth.login_with_link', { token }, { keepSession: true });
}

export async function logOut(): Promise<void> {
  await call('auth.logout');
  sessionEnded();
}

export async function loadUser(): Promise<void> {
  const { user: own } = await call<{ user: User }>('users.get_current_user');
  user.value = own;
}
