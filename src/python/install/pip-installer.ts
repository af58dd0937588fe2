import { type CompareRule, matchesRule, parseRule } from '../interpreter/version.js';
import { fromFolder, type ListOptions, optionLines } from '../requirements/requirement-list.js';
import type { PipSettings } from '../settings.js';
import { type InstallContext, type Installer, installFromList } from './installer.js';
import { watchOrigins } from './package-origin.js';

export interface PipProgram {
  /** `[venv/bin/python, -m, pip]`, or the pip of another interpreter with `--python`. */
  argv: readonly [string, ...string[]];
  version: string;
}

export function pipInstaller(context: InstallContext, pip: PipProgram, settings: PipSettings): Installer {
  const argv = pipInstallCommand(pip, settings);
  const { cwd } = context;
  // pip looks for them beside the file with the list, which is not in the repository.
  const placed = (options: ListOptions) => (cwd === undefined ? options : fromFolder(options, cwd));
  return {
    name: 'pip',
    install: async ({ lines, options, what }) => {
      const origins = watchOrigins(context, pip.version, lines);
      const failed = await installFromList(context, {
        tool: 'pip',
        argv: [...argv, ...(origins?.flags ?? [])],
        lines: [...optionLines(placed(options)), ...lines],
        env: {},
        what,
      });
      if (failed === undefined) await origins?.complete();
      return failed;
    },
  };
}

export function pipInstallCommand(pip: PipProgram, settings: PipSettings): [string, ...string[]] {
  const [program, ...rest] = pip.argv;
  return [program, ...rest, '--disable-pip-version-check', 'install', ...pipFlags(pip.version, settings)];
}

/** Flags of `pip install` besides indexes: the old resolver where configured for this version, own flags, upgrade. */
export function pipFlags(version: string, settings: PipSettings): string[] {
  return [
    ...legacyResolverFlag(version, settings.legacyResolver),
    ...settings.extraFlags,
    ...(settings.upgrade ? ['--upgrade'] : []),
  ];
}

/** Rules are alternatives; within one, all parts hold: `>=20.3,<24.3`. */
export function legacyResolverFlag(version: string, rules: readonly string[]): string[] {
  const use = rules.some((rule) => {
    const parts = rule
      .split(',')
      .map(parseRule)
      .filter((part): part is CompareRule => part !== undefined);
    return parts.length > 0 && parts.every((part) => matchesRule(version, part));
  });
  return use ? ['--use-deprecated=legacy-resolver'] : [];
}

/** The requirement for pip itself, a line for each setting: a bare version is meant exactly. */
export function pipPackages(versions: string | readonly string[]): string[] {
  const list = typeof versions === 'string' ? [versions] : versions;
  if (list.length === 0) return ['pip'];
  return list.map(
    (version) => `pip${/[=~<>]/.test(version) || version.trim() === '' ? '' : '=='}${version.trim()}`,
  );
}
