import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { indexesOfLists } from '../../../src/python/install/task-indexes.js';
import { readConstraints } from '../../../src/python/requirements/constraint-files.js';
import { readListed } from '../../../src/python/requirements/listed-file.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function constraints(root: string, files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  const list = parseRequirementList(['-c a.txt']);
  const found = readConstraints(list, (file) => readListed({ folder: root, roots: [root] }, file));
  return { located: { list, constraints: found }, found };
}

for (const line of ['-c /etc/passwd', '-r /etc/passwd', '-r file:///etc/passwd', '-c ../../etc/passwd'])
  test(`a file of constraints cannot name a file of the machine: ${line}`, (t) => {
    const error = t.throws(() => constraints(temporaryFolder(t), { 'a.txt': `alpha<2\n${line}\n` }), {
      code: 'REQUIREMENTS_INSTALL',
    });
    t.regex(error.message, /passwd is outside of the repository/);
  });

test('files that constraints name are beside the file that names them', (t) => {
  const { found } = constraints(temporaryFolder(t), {
    'a.txt': '-r lists/b.txt\n',
    'lists/b.txt': '-c c.txt\n-c gone.txt\n',
    'lists/c.txt': 'alpha<2\n-c ../a.txt\n-c ./c.txt\n',
  });
  t.deepEqual(found.missing, ['lists/gone.txt']);
  t.true(found.texts.some((text) => text.startsWith('alpha<2')));
});

test('an index that a file of constraints names is one of the task', (t) => {
  const { located } = constraints(temporaryFolder(t), {
    'a.txt': '-c b.txt\n--extra-index-url https://a.example/simple\n',
    'b.txt': '-i https://b.example/simple\n',
  });
  t.deepEqual(
    indexesOfLists([{ located }]).map(({ url }) => url),
    ['https://a.example/simple', 'https://b.example/simple'],
  );
});

test('links that give files of constraints ever new names end in an error', (t) => {
  const root = temporaryFolder(t);
  symlinkSync('.', path.join(root, 'x'));
  t.throws(() => constraints(root, { 'a.txt': '-c x/a.txt\n' }), { code: 'REQUIREMENTS_INSTALL' });
});
