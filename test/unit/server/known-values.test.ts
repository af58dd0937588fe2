import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { asObject, asTexts } from '../../../src/server/json.js';
import { parametersOfTasks, tagsOfTasks, usersOfTasks } from '../../../src/server/query/known-values.js';
import { Database } from '../../../src/server/storage/database.js';
import { Documents, type Stored } from '../../../src/server/storage/documents.js';
import { task } from '../../support/random-tasks.js';

test('users, tags and parameters of the tables are those of the documents', async (t) => {
  t.timeout(150_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'known-'));
  const database = await Database.open(path.join(folder, 'x.db'));
  t.teardown(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const documents = new Documents<Stored>(database, 'tasks');
  const told = { users: 0, tags: 0, parameters: 0 };
  const many = fc.array(task, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(many, many, async (before, after) => {
      database.transaction(() => {
        for (const { id } of [...documents.scan()]) documents.delete(id);
        for (const tasks of [before, after])
          for (const [n, each] of tasks.entries()) documents.put({ ...each, id: `t${n}` } as Stored);
      });
      const all = [...documents.scan()];
      const users = usersOfTasks(database);
      if (users !== undefined) {
        told.users += 1;
        t.deepEqual(users.sort(), distinct(all.flatMap(({ user }) => (user == null ? [] : [String(user)]))));
      }
      const tags = tagsOfTasks(database, 'tags');
      if (tags !== undefined) {
        told.tags += 1;
        t.deepEqual(
          tags,
          distinct(all.flatMap(({ tags: own }) => asTexts(own))).filter((tag) => tag !== ''),
        );
      }
      const parameters = parametersOfTasks(database, (id) => documents.find(id));
      if (parameters === undefined) return;
      told.parameters += 1;
      const names = all.flatMap(({ hyperparams }) =>
        Object.entries(asObject(hyperparams)).flatMap(([section, items]) =>
          Object.keys(asObject(items)).map((name) => `${section}.${name}`),
        ),
      );
      t.deepEqual(distinct(parameters.map(({ section, name }) => `${section}.${name}`)), distinct(names));
    }),
    { numRuns: 60 },
  );
  t.true(told.users > 0 && told.tags > 0 && told.parameters > 0, JSON.stringify(told));
});

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
