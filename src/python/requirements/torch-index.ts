import type { ListOptions } from '../../packaging/list-options.js';
import { normalName, parseRequirement, type Requirement } from '../../packaging/requirement.js';
import type { RequirementList } from '../../packaging/requirement-list.js';
import { rangesOverlap } from '../../packaging/version-range.js';
import type { TorchSettings } from '../tool-settings.js';

/** What the machine computes with. */
export interface Accelerator {
  /** 10 × major + minor, `118` for CUDA 11.8; 0: no CUDA. */
  cuda: number;
  /** Version of ROCm on an AMD host. */
  rocm: readonly [major: number, minor: number] | undefined;
}

/** Indexes that the user has chosen, in the configuration of the agent or of pip, or in the list. */
export interface ChosenIndexes {
  indexUrl: string | undefined;
  others: readonly string[];
}

const PACKAGES = new Set(['torch', 'torchvision', 'torchaudio', 'torchcsprng', 'torchtext']);
const ROCM_DEFAULT = [6, 4] as const;
/** PyTorch has no index for every CUDA version: this many lower ones will do, since drivers run older code. */
const CUDA_STEPS = 15;
const ROCM_STEPS = 30;
const ROCM_OLDEST_MAJOR = 4;

/** Whether a list names a package of PyTorch that comes from an index. */
export function namesTorch(list: RequirementList): boolean {
  return list.requirements.some(isTorch);
}

/** Addresses where packages for the accelerator may be, best first. */
export function torchIndexes(accelerator: Accelerator, settings: TorchSettings): string[] {
  if (accelerator.rocm !== undefined) return rocmIndexes(accelerator.rocm, settings);
  const template = settings.nightly ? settings.nightlyTemplate : settings.template;
  if (accelerator.cuda <= 0) return [template.replace('cu{}', 'cpu').replace('{}', 'cpu')];
  return Array.from({ length: CUDA_STEPS }, (_, step) =>
    template.replace('{}', String(accelerator.cuda - step)),
  );
}

/**
 * Why no index of PyTorch is added, `undefined` when one is: a configured index is the one to
 * use, be it a mirror of everything or one of PyTorch's.
 */
export function torchIndexObstacle(settings: TorchSettings, chosen: ChosenIndexes): string | undefined {
  if (settings.resolve === 'none') return 'agent.package_manager.pytorch_resolve is none';
  if (settings.templateChosen) return undefined;
  const own = [chosen.indexUrl ?? '', ...chosen.others].find((url) => /\/whl\/|torch/i.test(url));
  if (own !== undefined) return 'an index for it is configured';
  return chosen.indexUrl === undefined ? undefined : 'the package index is configured to be another one';
}

/**
 * The list for an index of PyTorch: an exact version loses the part that names one CUDA version, so that the
 * build of the index fits. Versions before 1.11 do not work with later setuptools.
 */
export function fitToTorchIndex(list: RequirementList, index: string): RequirementList {
  const requirements = list.requirements.map((requirement) =>
    isTorch(requirement) ? pinned(requirement) : requirement,
  );
  const old = list.requirements.some(
    (requirement) => requirement.name?.toLowerCase() === 'torch' && isOld(requirement),
  );
  const limited = list.requirements.some(({ name }) => normalName(name ?? '') === 'setuptools');
  if (old && !limited) requirements.push(parseRequirement('setuptools<59'));
  const options: ListOptions = {
    ...list.options,
    extraIndexUrls: [...new Set([...list.options.extraIndexUrls, index])],
  };
  return { ...list, requirements, options };
}

function pinned(requirement: Requirement): Requirement {
  const [part, ...more] = requirement.versions;
  if (part?.[0] !== '==' || more.length > 0) return requirement;
  const version = part[1].split('+', 1)[0] ?? '';
  const isRelease = /^\d+(?:\.\d+){2,}$/.test(version);
  return { ...requirement, versions: [['==', isRelease ? `${version}.*` : version]] };
}

function isTorch({ kind, name }: Requirement): boolean {
  return kind === 'index' && PACKAGES.has((name ?? '').toLowerCase());
}

function isOld({ versions }: Requirement): boolean {
  return versions.length > 0 && !rangesOverlap(versions, [['>=', '1.11.0']]);
}

function rocmIndexes([major, minor]: readonly [number, number], settings: TorchSettings): string[] {
  const template = settings.nightly ? settings.nightlyRocmTemplate : settings.rocmTemplate;
  const found: string[] = [];
  let [high, low] = major > 0 ? [major, minor] : ROCM_DEFAULT;
  while (found.length < ROCM_STEPS && high >= ROCM_OLDEST_MAJOR) {
    found.push(template.replace('{}', String(high)).replace('{}', String(low)));
    [high, low] = low > 0 ? [high, low - 1] : [high - 1, 9];
  }
  return found;
}
