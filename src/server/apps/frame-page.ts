import { assetOfReference, REFERENCE } from './format/reference.js';

/** The colours of the page around, which a frame does not inherit. */
const COLOURS = {
  light: ['#1a2030', '#ffffff', '#3355cc'],
  dark: ['#e4e7ee', '#161920', '#8aa4ff'],
} as const;

/**
 * The document of a sandboxed frame.
 *
 * @param asset the address of an image, or an empty text
 */
export function framePage(
  html: string,
  theme: 'light' | 'dark' = 'light',
  asset: (name: string) => string,
): string {
  const [text, background, link] = COLOURS[theme];
  const body = html.replaceAll(REFERENCE, (whole, path: string) => {
    const name = assetOfReference(path);
    return name === undefined ? whole : asset(name);
  });
  return `<!doctype html>
<html lang="en" style="color-scheme: ${theme}">
<head>
<meta charset="utf-8">
<title>Part of an application</title>
<style>body { margin: 0; font: 14px/1.45 system-ui, sans-serif; color: ${text}; background: ${background} } a { color: ${link} } img { max-width: 100% }</style>
</head>
<body>${body}</body>
</html>
`;
}
