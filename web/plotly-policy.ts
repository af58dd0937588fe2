import type { Plugin } from 'vite';

interface Edit {
  what: string;
  pattern: RegExp;
  by: string;
}

/** What Plotly does with styles that a policy of own style sheets forbids, and how a script may do the same. */
const EDITS: readonly Edit[] = [
  {
    what: 'the style element of its map library, whose maps this page leaves out',
    pattern: /if\(!document\.getElementById\("[0-9a-f]{64}"\)\)/g,
    by: 'if(false)',
  },
  {
    what: 'attributes that d3 sets, the style of a mark among them',
    pattern: /\bthis\.setAttribute\((\w+),(\w+)\)/g,
    by: '($1==="style"?void(this.style.cssText=$2):this.setAttribute($1,$2))',
  },
];

/** Fails the build if an edit finds nothing: a new version of Plotly may do it elsewhere. */
export function plotlyByPolicy(): Plugin {
  return {
    name: 'plotly-by-policy',
    transform: {
      filter: { id: /plotly-strict\.min\.js$/ },
      handler(code) {
        return { code: EDITS.reduce((text, edit) => edited(text, edit), code), map: null };
      },
    },
  };
}

function edited(text: string, { what, pattern, by }: Edit): string {
  if (text.search(pattern) === -1)
    throw new Error(`Plotly has no longer ${what}; look at web/plotly-policy.ts`);
  return text.replaceAll(pattern, by);
}
