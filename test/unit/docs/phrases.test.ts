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

/** Folders whose pages are searched, and the pages that are left out. To search sources too, add `src` and their ending. */
const FOLDERS = [
  '.',
  'docs',
  'docs/compose',
  'test/golden',
  'test/fixtures/docker',
  'test/fixtures/nvidia-smi',
];
const ENDING = '.md';
/** History. Pages made from tables in `src` are searched: their words are mended there. */
const LEFT_OUT = ['CHANGELOG.md'];

interface Find {
  line: number;
  words: string;
  instead: string;
}

/** Searches across line breaks; code is a program's words, so it becomes a line of the same length. */
function found(text: string): Find[] {
  const prose = text.replaceAll(/^```.*?^```|`[^`\n]*`/gms, (code) => code.replaceAll(/[^\n]/g, '_'));
  return RETIRED.flatMap(({ phrase, instead }) =>
    [...prose.matchAll(new RegExp(phrase.source.replaceAll(' ', '\\s+'), phrase.flags))].map(
      ({ 0: words, index }) => ({ line: prose.slice(0, index).split('\n').length, words, instead }),
    ),
  );
}

const files = FOLDERS.flatMap((folder) =>
  readdirSync(path.join(ROOT, folder)).map((name) => path.join(folder, name)),
).filter((file) => file.endsWith(ENDING) && !LEFT_OUT.includes(file));

for (const { bad, good } of RETIRED) {
  test(`the list finds: ${bad}`, (t) => t.not(found(bad).length, 0));
  test(`the list lets pass: ${good}`, (t) => t.deepEqual(found(good), []));
}

test('a phrase is found across a line break, and code is not searched', (t) => {
  t.deepEqual(
    found('A page.\nThen it goes\non.').map(({ line }) => line),
    [2],
  );
  t.deepEqual(found('`somebody`\n\n```\nnobody\n```\n'), []);
});

test('pages are searched', (t) => {
  t.true(files.includes('README.md'));
  t.true(files.includes('docs/architecture.md'));
});

for (const file of files) {
  test(`${file} has no retired idiom`, (t) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const report = found(text).map(
      ({ line, words, instead }) => `${file}:${line}: "${words.replaceAll(/\s+/g, ' ')}"; write ${instead}`,
    );
    t.deepEqual(report, []);
  });
}
