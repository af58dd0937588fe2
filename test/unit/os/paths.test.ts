import test from 'ava';
import fc from 'fast-check';
import { expandHome, fileNameOf, runFolder, stateFolder, workerFolder } from '../../../src/os/paths.js';

test('the state folder is in the home folder unless the variable says otherwise', (t) => {
  t.is(stateFolder({}, '/home/u'), '/home/u/.clearml/agent');
  t.is(stateFolder({ CLEARML_AGENT_STATE_DIR: ' ' }, '/home/u'), '/home/u/.clearml/agent');
  t.is(stateFolder({ CLEARML_AGENT_STATE_DIR: '/var/x/' }, '/home/u'), '/var/x');
  t.is(stateFolder({ CLEARML_AGENT_STATE_DIR: '~/x' }, '/home/u'), '/home/u/x');
});

test('workers and runs have folders of their own', (t) => {
  const worker = workerFolder('/s', 'host:gpu0,1');
  t.regex(worker, /^\/s\/workers\/host_gpu0_1-[0-9a-f]{10}$/);
  t.not(worker, workerFolder('/s', 'host:gpu0_1'));
  t.not(workerFolder('/s', 'Host'), workerFolder('/s', 'host'));
  t.not(runFolder(worker, 'task', 1), runFolder(worker, 'task', 2));
});

test('any text makes a safe file name, and texts that differ make names that differ', (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const name = fileNameOf(one);
      const different = one === other || name.toLowerCase() !== fileNameOf(other).toLowerCase();
      return /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name) && name.length <= 100 && different;
    }),
  );
  t.pass();
});

test('a tilde is the home folder only where the shell says so', (t) => {
  t.is(expandHome('~', '/h'), '/h');
  t.is(expandHome('~/x', '/h'), '/h/x');
  t.is(expandHome('~u/x', '/h'), '~u/x');
  t.is(expandHome('/a/~', '/h'), '/a/~');
});
