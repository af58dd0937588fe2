import {
  AXES,
  type DashboardElement,
  type DashboardLine,
  ELEMENT_TYPES,
  type ElementType,
} from './definition.js';
import type { Node } from './node.js';
import { checkAssets, checkNoAssets, checkReferences } from './references.js';
import { readStyle } from './style.js';

/** The fields of each type beside `title` and `type`. */
const FIELDS: Readonly<Record<ElementType, readonly string[]>> = {
  'scalar-histogram': ['metric', 'variant', 'key', 'hide_legend'],
  plot: ['metric', 'variant', 'hide_legend'],
  'debug-images': ['metric', 'variant'],
  log: [],
  scalar: ['metric', 'variant'],
  hyperparameter: ['section', 'name'],
  configuration: ['name'],
  html: ['text'],
};

/** The section `dashboard`. */
export function readDashboard(node: Node, assets: ReadonlySet<string>): DashboardLine[] {
  node.only(['lines']);
  return node
    .at('lines')
    .items()
    .map((line) => {
      line.only(['style', 'contents']);
      const contents = line.at('contents');
      if (contents.isMissing) contents.error('expected the elements of the line, found none');
      return {
        style: readStyle(line.at('style')),
        contents: contents.items().flatMap((item) => readElement(item, assets) ?? []),
      };
    });
}

function readElement(node: Node, assets: ReadonlySet<string>): DashboardElement | undefined {
  const typed = node.at('type');
  if (typed.isMissing) typed.expected(`one of ${ELEMENT_TYPES.join(', ')}`);
  const type = typed.oneOf(ELEMENT_TYPES);
  if (type === undefined) return undefined;
  node.only(['title', 'type', ...FIELDS[type]]);
  const section = node.at('section').text();
  const title = node.at('title').text() ?? '';
  checkReferences(node.at('title'), title);
  checkNoAssets(node.at('title'), title);
  return {
    type,
    title,
    ...(type === 'html' ? { text: readHtml(node.at('text'), assets) } : {}),
    metric: node.at('metric').texts(),
    variant: node.at('variant').texts(),
    key: node.at('key').oneOf(AXES) ?? 'iter',
    hide_legend: node.at('hide_legend').flag(false),
    ...(section === undefined ? {} : { section }),
    name: node.at('name').texts(),
  };
}

function readHtml(node: Node, assets: ReadonlySet<string>): string {
  const text = node.requiredText();
  checkReferences(node, text);
  checkAssets(node, text, assets);
  return text;
}
