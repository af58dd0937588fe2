import { Config, type ConfigTree, type ConfigValue } from '../../../src/config/config.js';
import { shippedLayer } from '../../../src/config/load.js';
import { AgentError } from '../../../src/errors.js';
import { type Requirement, requirementText, withoutComment } from '../../../src/packaging/requirement.js';
import { parseRequirementList, type RequirementList } from '../../../src/packaging/requirement-list.js';
import { meets, releaseOf } from '../../../src/packaging/version.js';
import { rangesOverlap } from '../../../src/packaging/version-range.js';
import { type InstallPlan, planInstall } from '../../../src/python/install/install-plan.js';
import { legacyResolverFlag, pipFlags, pipPackages } from '../../../src/python/install/pip-installer.js';
import { listedVersion } from '../../../src/python/requirements/requirement-source.js';
import { fitToTorchIndex, namesTorch, torchIndexes } from '../../../src/python/requirements/torch-index.js';
import { type PythonSettings, pythonSettings } from '../../../src/python/settings.js';

interface Input {
  op: string;
  requirements: string & string[] & Record<string, string | string[]>;
  files?: Record<string, string>;
  config?: Record<string, ConfigValue>;
  env?: Record<string, string>;
  cuda: string;
  rocm?: [number, number];
  network?: { ok_urls?: string[]; pages?: Record<string, string> };
  existing?: string;
  downloads?: string;
  freeze?: string[];
  install_fails?: string[];
  a: string & [string, string][];
  b: string & [string, string][];
  operator: string;
  ignore_sub_versions?: boolean;
  pip_version: string | string[];
  wrap?: string;
  pip: string;
  package: string;
}

/** A limit for old versions of torch; ours goes in before them, where their builds find it. */
const ADDED = 'setuptools<59';

const OPERATIONS: Record<string, (input: Input) => unknown> = {
  parse,
  replace,
  compare: ({ a, operator, b, ignore_sub_versions: plain = true }) =>
    meets(plain ? releaseOf(a) : a, [operator, b]),
  specs_intersect: ({ a, b }) => rangesOverlap(a, b),
  pip_packages: ({ pip_version: versions, wrap = '' }) =>
    pipPackages(versions).map((one) => wrap + one + wrap),
  legacy_resolver: (input) => legacyResolverFlag(input.pip, settingsOf(input).pip.legacyResolver),
  package_version: (input) => listedVersion(input.requirements, input.package),
  install_flags: (input) => {
    const { pip } = settingsOf(input);
    return [...pip.extraIndexUrls.flatMap((url) => ['--extra-index-url', url]), ...pipFlags(pip)];
  },
};

export function requirements(input: Input): unknown {
  return OPERATIONS[input.op]?.(input);
}

function parse({ requirements: text, files = {} }: Input): unknown {
  const { requirements: parsed, options } = parseRequirementList(text, (file) => files[file]);
  const urls = options.extraIndexUrls;
  return { parsed: parsed.map(parsedForm), ...(urls.length === 0 ? {} : { extra_index_urls: urls }) };
}

/** The fields of the original's own parser, from ours. */
function parsedForm(requirement: Requirement): unknown {
  const { kind, name, versions, extras, marker, editable, uri } = requirement;
  const isFile = kind === 'local' && (editable || uri?.startsWith('file:') === true);
  const known = kind === 'index' || kind === 'vcs' || kind === 'link' || isFile;
  return {
    line: lineOf(requirement),
    name: known ? (name ?? null) : null,
    specs: versions,
    extras,
    marker: marker ?? null,
    text: textOf(requirement),
    ...(kind === 'index' ? { specifier: true } : {}),
    ...(isFile ? { local_file: true } : {}),
    ...(editable ? { editable: true } : {}),
    ...(known ? targetForm(requirement, isFile) : {}),
  };
}

function targetForm(requirement: Requirement, isFile: boolean): Record<string, unknown> {
  const { kind, uri, vcs, revision, subdirectory, hash, marker, editable } = requirement;
  const address = kind === 'vcs' && marker !== undefined ? `${uri} ; ${marker}` : uri;
  return {
    ...(isFile && editable ? { path: uri } : { uri: address }),
    vcs,
    revision,
    subdirectory,
    hash_name: hash?.name,
    hash: hash?.value,
  };
}

/** The original leaves the name off a repository's line. */
function lineOf({ kind, line }: Requirement): string {
  return kind === 'vcs'
    ? withoutComment(line).replace(/^[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*(?=\w+\+)/, '')
    : line;
}

function textOf(requirement: Requirement): string {
  const { kind, name, editable, uri, line } = requirement;
  if (kind === 'local' && editable) return name ?? line;
  if (kind === 'link') return uri ?? '';
  if (kind === 'vcs') return lineOf(requirement).replace(/^(?:-e|--editable)\s+/, '');
  return kind === 'local' || kind === 'unread' ? line : requirementText(requirement);
}

function replace(input: Input): unknown {
  const settings = settingsOf(input);
  const list = parseRequirementList(input.requirements);
  const fitted = withTorch(input, settings, list);
  if (fitted === undefined || declined(input, list)) return undefined;
  const plan = planInstall(fitted, settings.requirements);
  const failed = new Set(input.install_fails);
  const broken = [...plan.post, ...plan.external].find(({ text, optional }) => !optional && failed.has(text));
  if (broken !== undefined) throw new AgentError('REQUIREMENTS_INSTALL', `cannot install ${broken.text}`);
  return {
    requirements: list.requirements.length === 0 ? input.requirements : mainText(plan, failed),
    installed_before: plan.first.map(({ text }) => text).filter((text) => text !== ADDED),
    installed_after: [...plan.post, ...plan.external].map(({ text }) => text),
    extra_index_urls: fitted.options.extraIndexUrls,
  };
}

/** A pinned torch is written with a blank there, which means the same. */
function mainText(plan: InstallPlan, failed: ReadonlySet<string>): string {
  const dropped = new Set(
    plan.first.filter(({ text, optional }) => optional && failed.has(text)).map(({ text }) => text),
  );
  const lines = plan.main.map((line) => (dropped.has(line) ? '' : line));
  if (plan.options.extraIndexUrls.length === 0) return lines.join('\n');
  return lines
    .map((line) =>
      line.replace(/^(torch(?:vision|audio|csprng|text)?(?:\[[^\]]*\])?)==([^;]*)(?:; (.*))?$/, blankForm),
    )
    .join('\n');
}

function blankForm(_line: string, name: string, version: string, marker: string | undefined): string {
  return `${name} ==${version}${marker === undefined ? '' : ` ; ${marker}`}`;
}

/** What README.md lists as declined. */
function declined(input: Input, list: RequirementList): boolean {
  const hasLogin = input.config?.['agent.git_user'] !== undefined;
  const takesLogin = hasLogin && list.requirements.some(({ kind }) => kind === 'vcs');
  const downloads =
    input.downloads !== undefined &&
    settingsOf(input).downloads !== undefined &&
    settingsOf(input).manager === 'pip';
  return takesLogin || downloads || input.existing !== undefined || input.freeze !== undefined;
}

/** The list for the first index that answers; `undefined` where the original goes on to look for single files. */
function withTorch(
  input: Input,
  settings: PythonSettings,
  list: RequirementList,
): RequirementList | undefined {
  if (!namesTorch(list) || settings.requirements.untouched || settings.torch.resolve === 'none') return list;
  if (settings.torch.resolve === 'direct') return undefined;
  const accelerator = { cuda: Number(input.cuda), rocm: input.rocm };
  const index = torchIndexes(accelerator, settings.torch).find((url) =>
    input.network?.ok_urls?.includes(url),
  );
  return index === undefined ? undefined : fitToTorchIndex(list, index);
}

function settingsOf({ config = {}, env = {} }: Input): PythonSettings {
  const tree: ConfigTree = {};
  for (const [key, value] of Object.entries(config)) setAt(tree, key.split('.'), value);
  const layer = { tree, source: { kind: 'file', name: 'test.conf' } } as const;
  return pythonSettings(new Config({ env: { HOME: '/home/user', ...env }, base: [shippedLayer(), layer] }));
}

function setAt(tree: ConfigTree, [first = '', ...rest]: string[], value: ConfigValue): void {
  if (rest.length === 0) {
    tree[first] = value;
    return;
  }
  const below: ConfigTree = {};
  const there = tree[first];
  const next = typeof there === 'object' && there !== null && !Array.isArray(there) ? there : below;
  tree[first] = next;
  setAt(next, rest, value);
}
