import { ownMember } from '../../os/own-member.js';
import { type MarkerValues, markerHolds } from '../../packaging/markers.js';
import {
  normalName,
  parseRequirement,
  type Requirement,
  requirementText,
} from '../../packaging/requirement.js';

/** What conda is asked for, and what is left to pip inside its environment. */
export interface CondaPlan {
  channels: string[];
  /** Dependencies in conda's words. */
  conda: string[];
  /** Lines of a requirements list. */
  pip: string[];
  /** The line of a requirements list that each dependency comes from. */
  lines: Record<string, string>;
}

export interface CondaFacts {
  /** 10 × major + minor; 0: no CUDA. */
  cuda: number;
  channels: readonly string[];
  /** Of the environment's Python; `undefined`: not known. */
  markers?: MarkerValues | undefined;
}

/** Names that differ between the two indexes. */
const CONDA_NAMES: Readonly<Record<string, string>> = { torch: 'pytorch' };
const TOOLKITS = new Set(['cudatoolkit', 'cuda-toolkit']);
/** They come with the toolkit. */
const DROPPED = new Set(['cudnn', 'cupti']);
const CLEARML = new Set(['clearml', 'trains', 'clearml-agent', 'trains-agent']);
/** What conda's build of a package needs to be complete. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  matplotlib: ['graphviz', 'python-graphviz', 'kiwisolver'],
};

/** Sorts a list into what conda installs and what pip does, with conda's names and versions. */
export function planConda(requirements: readonly Requirement[], facts: CondaFacts): CondaPlan {
  const plan: CondaPlan = { channels: [...facts.channels], conda: [], pip: [], lines: {} };
  for (const requirement of requirements) {
    const name = normalName(requirement.name ?? '');
    const text = requirementText(requirement);
    if (requirement.marker !== undefined && !isWanted(requirement.marker, facts)) continue;
    if (requirement.kind !== 'index') addUnread(plan, requirement);
    else if (isForPip(requirement, facts)) add(plan.pip, text);
    else if (!DROPPED.has(name) && (!TOOLKITS.has(name) || fitsCuda(requirement, facts.cuda))) {
      const dependency = condaDependency(requirement, facts);
      add(plan.conda, dependency);
      plan.lines[dependency] = text;
      for (const companion of ownMember(COMPANIONS, name) ?? []) add(plan.conda, companion);
      // conda knows no extras: pip adds what they need to conda's package.
      if (requirement.extras.length > 0) add(plan.pip, text);
    }
  }
  addAccelerator(plan, requirements, facts);
  return plan;
}

/** A marker of a Python that could not be asked is left to pip, which reads it. */
function isWanted(marker: string, { markers }: CondaFacts): boolean {
  return markers === undefined || markerHolds(marker, markers);
}

function isForPip(requirement: Requirement, { channels, markers }: CondaFacts): boolean {
  const ours = CLEARML.has(normalName(requirement.name ?? '')) && !channels.includes('clearml');
  const hasHash = requirement.options.length > 0;
  return ours || hasHash || (requirement.marker !== undefined && markers === undefined);
}

/** `torch==1.13.0.post2` → `pytorch~=1.13.0`. */
export function condaDependency(requirement: Requirement, { cuda }: Pick<CondaFacts, 'cuda'>): string {
  const versions = requirement.versions.map(([operator, version]) => {
    const release = version.replace(/\.post\d+$/i, '');
    const dotted = /^\d+$/.test(release) ? `${release}.0` : release;
    return `${operator === '==' && !dotted.includes('*') ? '~=' : operator}${dotted}`;
  });
  return `${condaName(normalName(requirement.name ?? ''), cuda)}${versions.join(',')}`;
}

/** Dependencies that conda says it cannot find; they are left to pip. */
export function missingDependencies(output: string, asked: readonly string[]): string[] {
  const named = new Set(asked.filter((dependency) => namedAsMissing(output, dependency)));
  return [...named];
}

/** The plan without what conda cannot find; pip takes that over under its own name. */
export function withoutMissing(plan: CondaPlan, missing: readonly string[]): CondaPlan {
  const gone = new Set(missing);
  const pipNames = Object.fromEntries(Object.entries(CONDA_NAMES).map(([pip, conda]) => [conda, pip]));
  const moved = missing.map((dependency) => {
    const name = dependencyName(dependency);
    return (
      ownMember(plan.lines, dependency) ?? (ownMember(pipNames, name) ?? name) + dependency.slice(name.length)
    );
  });
  const pip = [...new Set([...plan.pip, ...moved])];
  return { ...plan, conda: plan.conda.filter((one) => !gone.has(one)), pip };
}

/** An address up to the end of its host, which may be one of IPv6 in brackets. */
const HOST = /https?:\/\/(?:\[[^\]\s]*\]|[^\s"',\]/[])+/gi;

/** Hosts of channels that dependencies name: `https://host/channel::package`, `package[channel=https://host/…]`. */
export function channelsOf({ conda }: Pick<CondaPlan, 'conda'>): { name: undefined; url: string }[] {
  const hosts = conda.flatMap((dependency) => dependency.match(HOST) ?? []);
  return hosts.map((host) => ({ name: undefined, url: host.replace(/::[^\]]*$/, '') }));
}

/** conda reads YAML, and JSON is YAML. */
export function environmentFile(plan: CondaPlan): string {
  return `${JSON.stringify({ channels: plan.channels, dependencies: plan.conda }, undefined, 1)}\n`;
}

function addUnread(plan: CondaPlan, requirement: Requirement): void {
  const isCondaLine = requirement.kind === 'unread' && /^[\w.-]+(?:::[\w.-]+)?=[^=]/.test(requirement.line);
  if (isCondaLine || requirement.line.includes('::')) add(plan.conda, requirement.line.trim());
  else plan.pip.push(requirementText(requirement));
}

function addAccelerator(
  plan: CondaPlan,
  requirements: readonly Requirement[],
  { cuda, channels }: CondaFacts,
): void {
  const names = new Set(requirements.map(({ name }) => normalName(name ?? '')));
  const listed = plan.conda.some((dependency) => TOOLKITS.has(dependencyName(dependency)));
  if (cuda > 0 && !listed && plan.conda.length > 0) {
    const version = `${Math.floor(cuda / 10)}.${cuda % 10}`;
    plan.conda.push(`${channels.includes('nvidia') ? 'cuda-toolkit' : 'cudatoolkit'}==${version}`);
  }
  if (cuda <= 0 && (names.has('torch') || names.has('pytorch'))) add(plan.conda, 'cpuonly');
}

function condaName(name: string, cuda: number): string {
  if (name === 'tensorflow' || name === 'tensorflow-gpu') return cuda > 0 ? 'tensorflow-gpu' : 'tensorflow';
  return ownMember(CONDA_NAMES, name) ?? name;
}

/** A toolkit newer than the driver does not run. */
function fitsCuda({ versions }: Requirement, cuda: number): boolean {
  const major = Number.parseInt(versions[0]?.[1] ?? '', 10);
  return cuda > 0 && (Number.isNaN(major) || major <= Math.floor(cuda / 10));
}

/** conda prints them in JSON or as a list; micromamba in sentences. */
function namedAsMissing(output: string, dependency: string): boolean {
  const name = dependencyName(dependency).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const patterns = [
    `"bad_deps"[^\\]]*"${name}["=~<>! ]`,
    `^\\s*- ${name}(?:[=~<>! ]|$)`,
    `nothing provides (?:requested )?${name}(?:[=~<>! ]|$)`,
    `\\b${name}[^\\n]*(?:does not exist|could not be found|not found)`,
  ];
  return patterns.some((pattern) => new RegExp(pattern, 'm').test(output));
}

/** `pytorch~=1.13` → `pytorch`. */
export function dependencyName(dependency: string): string {
  return /^[\w.-]+/.exec(dependency)?.[0] ?? dependency;
}

function add(list: string[], dependency: string): void {
  if (!list.includes(dependency)) list.push(dependency);
}

/** Lines of a conda list as requirements; pip's form is the common one. */
export function parseCondaLines(lines: readonly string[]): Requirement[] {
  return lines
    .map((line) =>
      line
        .replace(/#.*$/, '')
        .replace(/^\s*-\s+/, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .map(parseRequirement);
}
