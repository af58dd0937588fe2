/** `${…}` in a text. No braces within, so that a text of many beginnings is read once. */
export const REFERENCE = /\$\{([^{}]*)\}/g;

const ASSET = 'ASSET:';

/** The asset that the inside of a reference names. */
export function assetOfReference(path = ''): string | undefined {
  return path.startsWith(ASSET) ? path.slice(ASSET.length).trim() : undefined;
}
