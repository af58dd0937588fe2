import test from 'ava';
import { expandVariables } from '../../../src/os/expand.js';

test('known variables in both forms, unknown ones stay', (t) => {
  t.is(expandVariables('$A/${B}/$C/${D}/$', { A: 'x', B: '', C: undefined }), 'x//$C/${D}/$');
  t.is(expandVariables('${A.B-c} $A.B', { 'A.B-c': 'x', A: 'y' }), 'x y.B');
  t.is(expandVariables('$A', { A: '$B $& $1', B: 'no' }), '$B $& $1');
});
