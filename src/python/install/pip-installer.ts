import { fromFolder, type ListOptions, optionLines, quotedPath } from '../../packaging/list-options.js';
import { meetsAll, versionParts } from '../../packaging/version.js';
import type { PipSettings } from '../settings.js';
import { failureReason } from './install-failure.js';
import { type InstallContext, type Installer, type InstallStep, installFromList } from './installer.js';
import { watchOrigins } from './package-origin.js';
import { mergeRepeated } from './repeated-packages.js';

export interface PipProgram {
  /** `[venv/bin/python, -m, pip]`, or the pip of another interpreter with `--python`. */
  argv: readonly [string, ...string[]];
  version: string;
}

/**
 * pip's own resolver first; a list that contradicts itself goes to the old one, where that is configured for this
 * version.
 */
export function pipInstaller(context: InstallContext, pip: PipProgram, settings: PipSettings): Installer {
  const { cwd, reporter } = context;
  const legacy = legacyResolverFlag(pip.version, settings.legacyResolver);
  // pip looks for them beside the file with the list, which is not in the repository.
  const placed = (options: ListOptions) => (cwd === undefined ? options : fromFolder(options, cwd));
  const installBy = async (flags: readonly string[], { lines, options, what, editable }: InstallStep) => {
    const origins = watchOrigins(context, pip.version, lines);
    const failed = await installFromList(context, {
      tool: 'pip',
      argv: [...pipInstallCommand(pip, settings), ...flags, ...(origins?.flags ?? [])],
      lines: [
        ...optionLines(placed(options), quotedPath),
        ...(editable === true ? lines.map((line) => `-e ${quotedPath(line)}`) : lines),
      ],
      env: {},
      what,
    });
    if (failed === undefined) await origins?.complete();
    return failed;
  };
  return {
    name: 'pip',
    install: async (step) => {
      const failed = await installBy([], step);
      if (failed === undefined || legacy.length === 0 || failureReason(failed).kind !== 'conflict')
        return failed;
      reporter.line(`${failureReason(failed).cause}; trying the old resolver of pip`, 'WARNING');
      return installBy(legacy, { ...step, lines: mergeRepeated(step.lines) });
    },
  };
}

function pipInstallCommand(pip: PipProgram, settings: PipSettings): [string, ...string[]] {
  const [program, ...rest] = pip.argv;
  return [program, ...rest, '--disable-pip-version-check', 'install', ...pipFlags(settings)];
}

/** Flags of `pip install` besides indexes: own flags, upgrade. */
export function pipFlags(settings: PipSettings): string[] {
  return [...settings.extraFlags, ...(settings.upgrade ? ['--upgrade'] : [])];
}

/** Rules are alternatives; within one, all parts hold: `>=20.3,<24.3`. */
export function legacyResolverFlag(version: string, rules: readonly string[]): string[] {
  const use = rules.some((rule) => {
    const parts = versionParts(rule);
    return parts.length > 0 && meetsAll(version, parts);
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
