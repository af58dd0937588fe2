import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';

const ROOT = path.resolve(import.meta.dirname, '../../..');

interface Retired {
  phrase: RegExp;
  /** What to write in its place. */
  instead: string;
  /** A sentence that must be found. */
  bad: string;
  /** A sentence of ordinary words that must pass. */
  good: string;
}

/** Idioms that read like a translation. A phrase matches across a line break. */
const RETIRED: readonly Retired[] = [
  {
    phrase: /\b(?:is|are|was) told\b(?! to)/gi,
    instead: 'name who says it: "the log says …", "the agent reports …"',
    bad: 'Lack of memory is told.',
    good: 'A daemon that is told to end finishes its tasks.',
  },
  {
    phrase: /\bwhat stands (?:behind|there|under)\b|\bstands? behind\b/gi,
    instead: '"everything after `--`"',
    bad: 'What stands behind `--` are flags.',
    good: 'The promise stands.',
  },
  {
    phrase:
      /\b(?:(?:rule|key|entry|setting|flag|option|variable|image) counts|(?:rules|keys|entries|settings|flags|options|variables|images) count)\b(?! (?:as|towards)\b)/gi,
    instead: '"applies", "takes effect", "is used"',
    bad: 'A rule counts for a task without an image.',
    good: 'The option count has a limit, and `--count` prints it.',
  },
  {
    phrase: /\b(?:goes|go|going|went|gone) on\b(?! top)/gi,
    instead: '"continues", "resumes", "keeps running"',
    bad: 'The agent goes on with the next task.',
    good: 'It goes on top of the copy.',
  },
  {
    phrase: /\banew\b/gi,
    instead: '"again", "new", or say what is created',
    bad: 'The environment is made anew.',
    good: 'A new environment is made.',
  },
  {
    phrase: /\b(?:some|no)body\b/gi,
    instead: 'name the person: the user, the operator, the administrator',
    bad: 'An index that somebody configured wins.',
    good: 'The body of the request is JSON.',
  },
  {
    phrase: /\b(?:cannot|can not|could not) be had\b/gi,
    instead: '"is unavailable", "cannot be pulled"',
    bad: 'An image that cannot be had fails the task.',
    good: 'An image that cannot be pulled fails the task.',
  },
  {
    phrase: /\bfor so long\b/gi,
    instead: '"for at least this long"',
    bad: 'Entries which were not used for so long.',
    good: 'Remove entries unused for at least this long.',
  },
  {
    phrase: /\bwithout a (?:word|hurry)\b|\bby its reason\b|\band (?:its|their) kin\b/gi,
    instead: '"silently", "and says why", "and similar variables"',
    bad: 'The original reads nothing without a word.',
    good: 'An answer without a body is an error.',
  },
  {
    phrase: /\b(?:has|have|had) a say\b|\bstands? in the way\b|\bgives? way to\b/gi,
    instead: '"also decides", "blocks", "is replaced by"',
    bad: 'The project has a say.',
    good: 'The log says which file was used.',
  },
];

/** Folders whose pages are searched; all of `src` is searched as well. */
const FOLDERS = [
  '.',
  'docs',
  'docs/compose',
  'test/golden',
  'test/fixtures/docker',
  'test/fixtures/nvidia-smi',
];
/** History. Pages made from tables in `src` are searched: their words are mended there. */
const LEFT_OUT = ['CHANGELOG.md'];

interface Find {
  line: number;
  words: string;
  instead: string;
}

/** Searches across line breaks, also where a comment has its asterisk there. */
function found(prose: string): Find[] {
  return RETIRED.flatMap(({ phrase, instead }) =>
    [...prose.matchAll(new RegExp(phrase.source.replaceAll(' ', '[\\s*/]+'), phrase.flags))].map(
      ({ 0: words, index }) => ({ line: prose.slice(0, index).split('\n').length, words, instead }),
    ),
  );
}

/** Code in a page is a program's words: it becomes a line of the same length. */
function withoutCode(page: string): string {
  return page.replaceAll(/^```.*?^```|`[^`\n]*`/gms, (code) => code.replaceAll(/[^\n]/g, '_'));
}

const pages = FOLDERS.flatMap((folder) =>
  readdirSync(path.join(ROOT, folder)).map((name) => path.join(folder, name)),
).filter((file) => file.endsWith('.md') && !LEFT_OUT.includes(file));
const sources = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(?:ts|py|sh)$/.test(file))
  .map((file) => path.join('src', file));

for (const { bad, good } of RETIRED) {
  test(`the list finds: ${bad}`, (t) => t.not(found(bad).length, 0));
  test(`the list lets pass: ${good}`, (t) => t.deepEqual(found(good), []));
}

test('a phrase is found across a line break, and code is not searched', (t) => {
  t.deepEqual(
    found('A page.\nThen it goes\non.').map(({ line }) => line),
    [2],
  );
  t.deepEqual(found(withoutCode('`somebody`\n\n```\nnobody\n```\n')), []);
  t.is(found(' * It goes\n * on.').length, 1);
});

test('pages and sources are searched', (t) => {
  t.true(pages.includes('README.md'));
  t.true(pages.includes('docs/architecture.md'));
  t.true(sources.includes('src/index.ts'));
});

for (const file of pages)
  test(`${file} has no retired idiom`, (t) => t.deepEqual(report(file, withoutCode(readRoot(file))), []));

test('sources have no retired idiom', (t) => {
  t.deepEqual(
    sources.flatMap((file) => report(file, readRoot(file))),
    [],
  );
});

function readRoot(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function report(file: string, text: string): string[] {
  return found(text).map(
    ({ line, words, instead }) => `${file}:${line}: "${words.replaceAll(/\s+/g, ' ')}"; write ${instead}`,
  );
}
