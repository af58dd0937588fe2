/** A path of ClearML's own web application, which SDKs and agents print, and the tab or page that shows the same here. */
type Rule = readonly [pattern: RegExp, page: (groups: Record<string, string | undefined>) => string];

const TABS: readonly (readonly [pattern: RegExp, tab: string])[] = [
  [/^(info-)?output\/log/, 'console'],
  [/^(info-)?output\/metrics\/scalar/, 'scalars'],
  [/^(info-)?output\/metrics\/plots/, 'plots'],
  [/^(info-)?output\/debugImages/, 'images'],
  [/^hyper-params\/configuration/, 'configuration'],
  [/^hyper-params/, 'parameters'],
  [/^artifacts/, 'artifacts'],
];

const RULES: readonly Rule[] = [
  [
    /^\/(projects|pipelines|datasets\/\w+)\/[^/]+\/(tasks|experiments)\/(?<id>\w+)(\/(?<rest>.*))?$/,
    ({ id, rest = '' }) => taskPage(id ?? '', rest),
  ],
  [/^\/projects\/(?<project>\w+)(\/|$)/, ({ project }) => `/tasks?project=${project}`],
  [/^\/(projects|pipelines|datasets)(\/|$)/, () => '/tasks'],
  [/^\/dashboard(\/|$)/, () => '/'],
  [/^\/workers-and-queues\/queues/, () => '/queues'],
  [/^\/workers-and-queues(\/|$)/, () => '/workers'],
  [/^\/(settings\/.*|profile)$/, () => '/settings'],
];

/**
 * The page of this application for an address of ClearML's own: `Task` of the SDK prints `/projects/…/tasks/…/output/log`.
 *
 * @param path below the base of this application
 * @returns undefined for other paths
 */
export function pageForOfficial(path: string): string | undefined {
  for (const [pattern, page] of RULES) {
    const match = pattern.exec(path);
    if (match !== null) return page(match.groups ?? {});
  }
  return undefined;
}

function taskPage(id: string, rest: string): string {
  const tab = TABS.find(([pattern]) => pattern.test(rest))?.[1];
  return `/tasks/${id}${tab === undefined ? '' : `?tab=${tab}`}`;
}
