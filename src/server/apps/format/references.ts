import type { Node } from './node.js';
import { assetOfReference, REFERENCE } from './reference.js';

/** Fields of a task that a text may name. */
const TASK_FIELDS = [
  'id',
  'name',
  'status',
  'status_message',
  'comment',
  'started',
  'completed',
  'last_iteration',
];

/** What `${ASSET:name}` is, if the text is nothing else. */
export function assetName(text: string): string | undefined {
  const [found] = [...text.matchAll(REFERENCE)];
  return found !== undefined && found[0] === text.trim() ? assetOfReference(found[1]) : undefined;
}

/** The assets that a text names. */
function assetsIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, path]) => assetOfReference(path) ?? []);
}

/** An icon or placeholder: an address, or an asset. */
export function readAssetOrAddress(node: Node, assets: ReadonlySet<string>): string | undefined {
  const text = node.text();
  if (text === undefined || text === '') return undefined;
  if (assetName(text) === undefined && !/^https?:\/\//.test(text))
    node.expected('an address (https://…) or an asset (${ASSET:file})');
  checkAssets(node, text, assets);
  return text;
}

export function checkAssets(node: Node, text: string, assets: ReadonlySet<string>): void {
  for (const name of assetsIn(text)) {
    if (!assets.has(name))
      node.error(`expected the file "assets/${name}" beside the application file, found none`);
  }
}

/** Titles are texts. */
export function checkNoAssets(node: Node, title: string): void {
  for (const name of assetsIn(title)) node.error(`expected no asset in a title, found \${ASSET:${name}}`);
}

/** Checks the `${…}` of a text that is shown in a dashboard. */
export function checkReferences(node: Node, text: string): void {
  for (const [whole, path = ''] of text.matchAll(REFERENCE)) {
    if (assetOfReference(path) !== undefined || isKnown(path)) continue;
    node.error(
      `expected \${hyperparams.SECTION.NAME.value}, \${configuration.NAME.value}, \${ASSET:FILE} or one of ${TASK_FIELDS.join(', ')}, found ${whole}`,
    );
  }
}

function isKnown(path: string): boolean {
  return (
    TASK_FIELDS.includes(path) ||
    /^hyperparams\.[^.]+\..+\.value$/.test(path) ||
    /^configuration\..+\.value$/.test(path)
  );
}
