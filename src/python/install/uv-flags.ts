import { ownMember } from '../../os/own-member.js';
import type { PipSettings } from '../settings.js';

export interface UvOptions {
  /** `agent.package_manager.uv_unsafe_best_match`, or uv stands in for pip, which looks at all indexes. */
  bestMatch: boolean;
  offline: boolean;
  /** Take nothing from uv's own cache: files in it were changed. */
  fresh: boolean;
}

/** Flags of pip in uv's words; `[]` where uv does so anyway. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  '--pre': ['--prerelease', 'allow'],
  '--no-deps': ['--no-deps'],
  '--upgrade': ['--upgrade'],
  '-U': ['--upgrade'],
  '--force-reinstall': ['--reinstall'],
  '--no-cache-dir': ['--no-cache'],
  '--no-build-isolation': ['--no-build-isolation'],
  '--require-hashes': ['--require-hashes'],
  '--no-index': ['--no-index'],
  '--use-pep517': [],
  '--no-input': [],
  '--quiet': ['--quiet'],
  '-q': ['--quiet'],
  '--verbose': ['--verbose'],
  '-v': ['--verbose'],
  '--disable-pip-version-check': [],
  '--no-warn-script-location': [],
  '--no-color': [],
  '--break-system-packages': [],
  '--compile': ['--compile-bytecode'],
  '--no-compile': ['--no-compile-bytecode'],
};

/** The same with a value, `--flag value` or `--flag=value`. */
const FLAGS_WITH_VALUE: Readonly<Record<string, string | undefined>> = {
  '--index-url': '--default-index',
  '-i': '--default-index',
  '--extra-index-url': '--index',
  '--find-links': '--find-links',
  '-f': '--find-links',
  '--trusted-host': '--allow-insecure-host',
  '--no-binary': '--no-binary',
  '--only-binary': '--only-binary',
  '--constraint': '--constraint',
  '-c': '--constraint',
  '--upgrade-strategy': undefined,
  '--timeout': undefined,
  '--retries': undefined,
  '--progress-bar': undefined,
  '--cert': undefined,
  '--root-user-action': undefined,
};

/** Options that uv reads in a requirements file itself, one value a line. */
const READ_IN_FILES = /^--(?:no-binary|only-binary)[\s=]/;
/** uv's flags with a file or an index; the options of a list give these on their own, after their checks. */
const CHECKED: ReadonlySet<string> = new Set(['--constraint', '--find-links', '--default-index', '--index']);
/** Several names, with commas between them, are one value for pip. */
const LISTS: ReadonlySet<string> = new Set(['--no-binary', '--only-binary']);

/** pip's flags as uv's; `undefined` with the first flag that only pip understands. */
export function uvFlags(flags: readonly string[]): { flags: string[] } | { unknown: string } {
  const result: string[] = [];
  for (let at = 0; at < flags.length; at++) {
    const flag = flags[at] ?? '';
    const [name = '', value] = flag.startsWith('--') ? splitFlag(flag) : [flag, undefined];
    const same = ownMember(FLAGS, name);
    if (same !== undefined && value === undefined) {
      result.push(...same);
    } else if (Object.hasOwn(FLAGS_WITH_VALUE, name)) {
      const theirs = FLAGS_WITH_VALUE[name];
      const given = value ?? flags[++at] ?? '';
      const values = theirs === undefined ? [] : valuesOf(name, given);
      // uv would take such a value for a flag of its own.
      if (values.some((one) => one.startsWith('-'))) return { unknown: flag };
      result.push(...values.flatMap((one) => [`${theirs}`, one]));
    } else {
      return { unknown: flag };
    }
  }
  return { flags: result };
}

/** Options of a requirements list: some stay lines of the file, some become flags. */
export function uvOptions(options: readonly string[]): {
  lines: string[];
  flags: string[];
  unknown: string[];
} {
  const lines: string[] = [];
  const flags: string[] = [];
  const unknown: string[] = [];
  for (const option of options) {
    if (READ_IN_FILES.test(option)) {
      const [name = '', ...values] = option.split(/[\s=]+/);
      lines.push(...valuesOf(name, values.join(' ')).map((value) => `${name} ${value}`));
      continue;
    }
    const translated = uvFlags(option.split(/[\s=]+/));
    if (
      'unknown' in translated ||
      translated.flags.some((flag, at) => isMisplaced(flag, at, translated.flags))
    )
      unknown.push(option);
    else flags.push(...translated.flags);
  }
  return { lines, flags, unknown };
}

/**
 * Whether a flag would take a list further than pip does: a file or an index behind a word that pip refuses in a list
 * (`-U --constraint /x`), where no check of named files and indexes has seen it, or a host without a name.
 */
function isMisplaced(flag: string, at: number, flags: readonly string[]): boolean {
  return CHECKED.has(flag) || (flag === '--allow-insecure-host' && !flags[at + 1]);
}

/** Flags of every `uv pip install`. */
export function uvInstallFlags(
  settings: PipSettings,
  { offline, fresh }: UvOptions,
): { flags: string[] } | { unknown: string } {
  const extra = uvFlags(settings.extraFlags);
  if ('unknown' in extra) return extra;
  const own = [
    ...(settings.upgrade ? ['--upgrade'] : []),
    ...(offline ? ['--offline'] : []),
    ...(fresh ? ['--no-cache'] : []),
  ];
  return { flags: [...extra.flags, ...own] };
}

function valuesOf(name: string, value: string): string[] {
  return LISTS.has(name) ? value.split(',').map((one) => one.trim()) : [value];
}

function splitFlag(flag: string): [string, string | undefined] {
  const at = flag.indexOf('=');
  return at === -1 ? [flag, undefined] : [flag.slice(0, at), flag.slice(at + 1)];
}
