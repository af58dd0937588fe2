import test from 'ava';
import { notebookFault } from '../../../src/task/code/notebook.js';

const TRACEBACK = [
  '[NbConvertApp] Converting notebook a.ipynb to python',
  'Traceback (most recent call last):',
  '  File "/v/nbformat/reader.py", line 20, in parse_json',
  "nbformat.reader.NotJSONError: Notebook does not appear to be JSON: 'x = 1...",
  '',
].join('\n');

const CASES: readonly [what: string, text: string | undefined, fault: RegExp][] = [
  ['a script', 'x = 1\n', /^it is not JSON: Unexpected token/],
  ['nothing', ' \n', /^the file is empty$/],
  ['no object', '7', /^it is no JSON object, as Jupyter writes one$/],
  ['without cells', '{"nbformat": 4, "metadata": {}}', /^it has no list of cells$/],
  ['a wrong kind of cells', '{"nbformat": 4, "cells": {}}', /^it has no list of cells$/],
  ['wrong inside', '{"nbformat": 4, "cells": []}', /^nbformat\.reader\.NotJSONError: Notebook does not/],
  ['unreadable', undefined, /^nbformat\.reader\.NotJSONError: /],
];

for (const [what, text, fault] of CASES)
  test(`a broken notebook, ${what}: one cause without a traceback`, (t) => {
    const cause = notebookFault(text, TRACEBACK);
    t.regex(cause, fault);
    t.notRegex(cause, /Traceback|\n/);
  });

test('a program that says nothing has a cause, too', (t) => {
  t.is(notebookFault('{"cells": []}', '\n'), 'nbconvert prints no reason');
});
