import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { optionLines, quotedPath } from '../../../src/packaging/list-options.js';
import { requirementText } from '../../../src/packaging/requirement.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { decodeText, readListed } from '../../../src/python/requirements/listed-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Spellings of a file of the machine beside the repository, by which a list may try to have it read. */
const OUTSIDE: readonly [what: string, name: string][] = [
  ['two folders up', '../../secret.txt'],
  ['up and down again', 'sub/../../../secret.txt'],
  ['an absolute path', '/etc/passwd'],
  ['an address', 'file:///etc/passwd'],
  ['an address with encoded dots', 'file:///etc/%70asswd'],
  ['a link to a file', 'link.txt'],
  ['a link to a folder', 'folder/secret.txt'],
  ['a link to a link', 'chain.txt'],
  ['the memory of the agent', '/proc/self/environ'],
];

for (const [what, name] of OUTSIDE)
  for (const option of ['-r ', '-c ', '--requirement='])
    test(`${option.trim()} with ${what} is not read`, (t) => {
      const machine = temporaryFolder(t);
      const root = path.join(machine, 'work', 'repository');
      mkdirSync(path.join(root, 'sub'), { recursive: true });
      writeFileSync(path.join(machine, 'secret.txt'), 'the-secret==1\n');
      symlinkSync('../../secret.txt', path.join(root, 'link.txt'));
      symlinkSync('link.txt', path.join(root, 'chain.txt'));
      symlinkSync('../..', path.join(root, 'folder'));
      const read = (file: string) => readListed({ folder: root, roots: [root] }, file);
      const error = t.throws(
        () => {
          const { options } = parseRequirementList([`${option}${name}`], read);
          for (const file of options.constraints) read(file);
        },
        { code: 'REQUIREMENTS_INSTALL' },
      );
      t.regex(error.message, /is outside of the repository/);
      t.false(error.message.includes('the-secret'));
    });

/** Characters at which Python ends a line or strips a blank: an option behind them is one to pip. */
const LINE_ENDS = ['\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029'];

for (const mark of LINE_ENDS)
  test(`an option behind the line end ${mark.charCodeAt(0)} is an option`, (t) => {
    const { requirements, options } = parseRequirementList([`alpha${mark}-c /etc/passwd`]);
    t.deepEqual(
      requirements.map(({ line }) => line),
      ['alpha'],
    );
    t.deepEqual(options.constraints, ['/etc/passwd']);
  });

test('an option behind a blank that only Python knows is an option', (t) => {
  const { requirements, options } = parseRequirementList(['\x1f-c /etc/passwd']);
  t.deepEqual([requirements, options.constraints], [[], ['/etc/passwd']]);
});

test('no line that is handed on is joined with the next one', (t) => {
  const { requirements, options } = parseRequirementList([
    '--pre \\ ',
    '--trusted-host h\\ ',
    '--use-feature "x\\ ',
    'alpha -c /etc/passwd \\\\ ',
    'beta \\',
  ]);
  const lines = [...optionLines(options, quotedPath), ...requirements.map(requirementText)];
  t.true(lines.length >= 4, lines.join('\n'));
  t.deepEqual(
    lines.filter((line) => line.trimEnd().endsWith('\\')),
    [],
  );
});

test('files of a repository that name each other are read once each', (t) => {
  const root = temporaryFolder(t);
  for (const name of ['a', 'b', 'c'])
    writeFileSync(path.join(root, `${name}.txt`), `${name}==1\n-r a.txt\n-r ./b.txt\n-r x/../c.txt\n`);
  const seen: string[] = [];
  const list = parseRequirementList(['-r a.txt'], (file) => {
    seen.push(file);
    return readListed({ folder: root, roots: [root] }, file);
  });
  t.deepEqual(
    list.requirements.map(({ line }) => line),
    ['a==1', 'b==1', 'c==1'],
  );
  t.is(seen.length, 3);
});

test('links that give a file ever new names end in an error', (t) => {
  const root = temporaryFolder(t);
  const links = ['p', 'q', 'r', 's'];
  for (const link of links) symlinkSync('.', path.join(root, link));
  writeFileSync(path.join(root, 'a.txt'), links.map((link) => `-r ${link}/a.txt\n`).join(''));
  t.throws(
    () => parseRequirementList(['-r a.txt'], (file) => readListed({ folder: root, roots: [root] }, file)),
    {
      code: 'REQUIREMENTS_INSTALL',
      message: /more than 1000 files/,
    },
  );
});

test('a list is read in each encoding that editors and shells write', (t) => {
  const text = 'six==1.0\r\nseven # für\r\n';
  const big = Buffer.from(text, 'utf16le').swap16();
  const table: [name: string, bytes: Buffer][] = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 the other way round', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
    ['big UTF-16 without a mark', big],
    ['Latin-1', Buffer.from(text, 'latin1')],
  ];
  for (const [name, bytes] of table) t.is(decodeText(bytes), text, name);
  const greek = Buffer.concat([Buffer.from('# coding: iso-8859-7\nsix # '), Buffer.from([0xe1])]);
  t.is(decodeText(greek), '# coding: iso-8859-7\nsix # α');
});
