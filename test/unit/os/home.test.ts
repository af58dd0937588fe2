import test from 'ava';
import { homeFolder } from '../../../src/os/home.js';

const database = () => '/home/me';
const noEntry = () => {
  throw new Error('uv_os_get_passwd returned ENOENT');
};

const CASES: [what: string, home: string | undefined, read: () => string, folder: string, warns: boolean][] =
  [
    ['an absolute path', '/srv/me', database, '/srv/me', false],
    ['the root', '/', database, '/', false],
    ['not set', undefined, database, '/home/me', false],
    ['empty', '', database, '/home/me', false],
    ['blank', ' ', database, '/home/me', true],
    ['relative', 'me', database, '/home/me', true],
    ['a tilde', '~', database, '/home/me', true],
    ['not set, a user without an entry', undefined, noEntry, '/', false],
    ['empty, a user without an entry', '', noEntry, '/', false],
    ['not set, an entry without a home', undefined, () => '', '/', false],
  ];

for (const [what, home, read, folder, warns] of CASES) {
  test(`HOME: ${what}`, (t) => {
    const found = homeFolder({ HOME: home }, read);
    t.is(found.folder, folder);
    t.is(found.warning !== undefined, warns, found.warning);
    if (warns) t.is(found.warning, `HOME is "${home}", which is no absolute path; the agent uses ${folder}`);
  });
}
