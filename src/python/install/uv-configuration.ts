import { withoutLogin } from './freeze.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of uv that change how it works, not what it installs, and logins, which change while packages do not. */
const NEUTRAL =
  /^UV_(?:CACHE_DIR|NO_CACHE|NO_PROGRESS|CONCURRENT_\w+|HTTP_\w+|REQUEST_TIMEOUT|LINK_MODE|BREAK_SYSTEM_PACKAGES|PYTHON\w*|PROJECT\w*|WORKING_DIR|SYSTEM_PYTHON|TOOL_\w+|PUBLISH_\w+|INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|KEYRING_PROVIDER|OFFLINE|COMPILE_\w+|INSTALL\w*|UNMANAGED_INSTALL|INDEX_\w+_(?:USERNAME|PASSWORD))$/;
/** Variables that name files with versions, several with blanks between. */
const LISTS = [
  'UV_CONSTRAINT',
  'UV_OVERRIDE',
  'UV_EXCLUDE',
  'UV_BUILD_CONSTRAINT',
  'PIP_CONSTRAINT',
] as const;

/** The settings of uv in an environment that change which packages it installs, without logins. */
export function uvVariablesKey(env: Environment): string[] {
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('UV_') && !NEUTRAL.test(name) && value !== undefined)
    .map(([name, value]) => withoutLogin(`${name}=${value}`))
    .sort();
}

/** Further files whose content matters: uv's own settings of the user and of the machine, lists that variables name. */
export function settingFiles(env: Environment): string[] {
  const home = env.HOME ?? '/root';
  const named = LISTS.flatMap((name) => (env[name] ?? '').split(/\s+/)).filter((file) =>
    file.startsWith('/'),
  );
  return [
    ...(env.UV_CONFIG_FILE
      ? [env.UV_CONFIG_FILE]
      : [`${env.XDG_CONFIG_HOME || `${home}/.config`}/uv/uv.toml`, '/etc/xdg/uv/uv.toml', '/etc/uv/uv.toml']),
    ...named,
  ];
}
