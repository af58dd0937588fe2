import test from 'ava';
import { AgentError } from '../../../src/errors.js';
import { diskError } from '../../../src/os/files.js';

for (const [code, expected, cause] of [
  ['ENOSPC', 'DISK_FULL', 'cannot write /srv/x: no space left on the disk'],
  ['EACCES', 'WRITE_DENIED', 'cannot write /srv/x: permission denied'],
  ['EROFS', 'WRITE_DENIED', 'cannot write /srv/x: the file system is read-only'],
] as const)
  test(`${code} names the place and is no bug of the agent`, (t) => {
    const error = diskError(Object.assign(new Error(code), { code }), '/srv/x');
    t.true(error instanceof AgentError);
    t.like(error, { code: expected, message: cause });
  });

test('other errors stay as they are', (t) => {
  const error = Object.assign(new Error('is a directory'), { code: 'EISDIR' });
  t.is(diskError(error, '/srv/x'), error);
});
