import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { isGone, retryNow } from '../api/presence.js';
import { loadUser, logOut, user } from '../api/session.js';
import { at, pathIn } from '../base.js';
import { attempt } from '../components/toast.js';
import { ROUTES } from '../routes.js';
import { Icon } from './icon.js';
import { nextTheme, theme } from './theme.js';

/** Navigation, the banner of a server that is gone, and the page. */
export function Layout({ children }: { children: ComponentChildren }) {
  const path = pathIn(useLocation().path);
  const isLogin = path === '/login';
  useEffect(() => {
    // A refusal shows the log-in; a server that is gone shows the banner.
    if (!isLogin && user.value === undefined) loadUser().catch(() => undefined);
  }, [isLogin]);
  return (
    <div class={isLogin ? 'layout alone' : 'layout'}>
      <a class="skip" href="#page">
        Skip to the page
      </a>
      {!isLogin && <Navigation path={path} />}
      <div class="layout-page">
        <GoneBanner />
        <main id="page" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}

function Navigation({ path }: { path: string }) {
  return (
    <nav class="nav" aria-label="Main">
      <a class="brand" href={at('/')}>
        <img src={at('/favicon.svg')} alt="" width="22" height="22" />
        <span class="brand-name">ClearML server</span>
      </a>
      <ul class="nav-list">
        {ROUTES.map(({ path: to, title, icon }) =>
          title === undefined ? null : (
            <li key={to}>
              <a class="nav-link" href={at(to)} aria-current={isWithin(path, to) ? 'page' : undefined}>
                <Icon name={icon ?? 'dot'} />
                <span>{title}</span>
              </a>
            </li>
          ),
        )}
      </ul>
      <div class="nav-foot">
        <button
          type="button"
          class="nav-link"
          onClick={nextTheme}
          aria-label={`Theme: ${theme.value}. Change it.`}
        >
          <Icon name={theme.value === 'system' ? 'monitor' : theme.value === 'light' ? 'sun' : 'moon'} />
          <span class="nav-theme">{theme.value}</span>
        </button>
        {user.value !== undefined && (
          <button
            type="button"
            class="nav-link"
            onClick={() => void attempt(logOut)}
            aria-label={`Log out ${user.value.name}`}
          >
            <Icon name="exit" />
            <span class="nav-user">{user.value.name}</span>
          </button>
        )}
      </div>
    </nav>
  );
}

function isWithin(path: string, to: string): boolean {
  return to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
}

function GoneBanner() {
  if (!isGone.value) return null;
  return (
    <div class="banner" role="alert">
      <span>
        The server does not answer. This page asks again until it does; nothing that you typed is lost.
      </span>
      <button type="button" class="button small" onClick={() => void retryNow()}>
        Ask now
      </button>
    </div>
  );
}
