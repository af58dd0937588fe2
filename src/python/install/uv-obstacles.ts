import type { Requirement } from '../../packaging/requirement.js';
import type { RequirementList } from '../../packaging/requirement-list.js';

type List = Pick<RequirementList, 'requirements' | 'options'>;

/** Something in a list that uv refuses, ignores or reads otherwise than pip. Seen with uv 0.13.9 and pip 23 to 26. */
interface Obstacle {
  what: (requirement: Requirement) => string;
  in: (requirement: Requirement) => boolean;
}

const OBSTACLES: readonly Obstacle[] = [
  {
    what: ({ name }) => `the operator === of ${name}`,
    in: ({ versions }) => versions.some(([operator]) => operator === '==='),
  },
  {
    // pip takes previews once a bound is one; uv only where nothing else fits.
    what: ({ name, versions }) => `the preview in ${name}${versions.map((part) => part.join('')).join(',')}`,
    in: ({ versions }) => versions.some(([operator, version]) => operator !== '==' && isPreview(version)),
  },
  {
    what: ({ options, name }) => `${options.find(isForPip)} of ${name ?? 'a package'}`,
    in: ({ options }) => options.some(isForPip),
  },
  {
    what: ({ uri }) => `the fragment after ${uri}`,
    in: ({ kind, line, editable }) =>
      (kind === 'local' || kind === 'link') && !editable && /^[^\s@#]+#\S/.test(line.trim()),
  },
];

/** What keeps uv from installing a list just as pip would, in words for the log. */
export function listObstacle({ requirements, options }: List): string | undefined {
  for (const requirement of requirements) {
    const found = OBSTACLES.find((obstacle) => obstacle.in(requirement));
    if (found !== undefined) return `${found.what(requirement)} in the requirements`;
  }
  // Of several options that say where packages may be built, pip lets the last one win.
  const formats = options.others.filter((option) => /^--(?:no|only)-binary\b/.test(option));
  const mixed = new Set(formats.map((option) => option.split(' ', 1)[0])).size > 1;
  const none = formats.find((option) => option.includes(':none:'));
  return mixed ? formats.join(' with ') : none;
}

function isForPip(option: string): boolean {
  return !option.startsWith('--hash');
}

/** `1.0rc1`, `2.0.dev3`, `1.0a`. */
function isPreview(version: string): boolean {
  return /\d[._-]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)[._-]?\d*(?:$|[.+])/i.test(version);
}
