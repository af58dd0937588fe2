import test from 'ava';
import { taskEnvironment } from '../../../src/task/variables.js';

const VALUES = {
  taskId: 't',
  workerId: 'w',
  workerTags: [],
  configFile: '/c',
  logLevel: 'INFO',
  pythonPath: [],
  binFolders: [],
  extra: {},
};

/** Python before 3.7 writes ASCII in all of these, or where a locale is named that is not installed. */
for (const locale of [{}, { LC_ALL: 'C' }, { LANG: 'POSIX' }, { LANG: 'en_US.UTF-8' }]) {
  test(`output is UTF-8 with ${JSON.stringify(locale)}`, (t) => {
    t.is(taskEnvironment(locale, VALUES).PYTHONIOENCODING, 'utf-8');
  });
}

test('an encoding that was asked for stays', (t) => {
  t.is(taskEnvironment({ PYTHONIOENCODING: 'latin-1' }, VALUES).PYTHONIOENCODING, 'latin-1');
  t.is(taskEnvironment({ PYTHONUTF8: '0' }, VALUES).PYTHONIOENCODING, undefined);
  const extra = { PYTHONIOENCODING: 'utf-16' };
  t.is(taskEnvironment({}, { ...VALUES, extra }).PYTHONIOENCODING, 'utf-16');
});
