import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { PythonRequest } from '../../../src/python/interpreter/python-request.js';
import { pythonForProject } from '../../../src/python/projects/project-python.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface Case {
  files: Record<string, string>;
  manager: 'pip' | 'uv' | 'poetry';
  binary: string;
  configured?: string;
  wanted: { version: string | undefined; range?: string; by: string };
}

const UV = '[project]\nname = "a"\nrequires-python = ">=3.12" # why\n';
const POETRY = '[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\npython = { version = "^3.12" }\n';

const CASES: Case[] = [
  {
    files: { 'pyproject.toml': UV },
    manager: 'uv',
    binary: 'python3',
    wanted: { version: '3', range: '>=3.12', by: 'the project' },
  },
  {
    files: { 'pyproject.toml': UV },
    manager: 'uv',
    binary: 'python3.12',
    wanted: { version: '3.12', range: '>=3.12', by: 'the task' },
  },
  {
    files: { 'pyproject.toml': UV },
    manager: 'uv',
    binary: 'python3.9',
    wanted: { version: undefined, range: '>=3.12', by: 'the project' },
  },
  {
    files: { 'pyproject.toml': UV },
    manager: 'pip',
    binary: 'python3.9',
    wanted: { version: '3.9', by: 'the task' },
  },
  {
    files: { 'pyproject.toml': POETRY },
    manager: 'poetry',
    binary: '',
    wanted: { version: undefined, range: '^3.12', by: 'the project' },
  },
  {
    files: { 'pyproject.toml': POETRY.replace('{ version = "^3.12" }', '"~3.9"') },
    manager: 'poetry',
    binary: 'python',
    configured: '3.11',
    wanted: { version: undefined, range: '~3.9', by: 'the project' },
  },
  {
    files: { '.python-version': '# chosen by the team\n3.10.13\n' },
    manager: 'pip',
    binary: 'python3',
    wanted: { version: '3.10', by: '.python-version' },
  },
  {
    files: { 'pyproject.toml': UV, '.python-version': 'cpython-3.13\n' },
    manager: 'uv',
    binary: 'python',
    wanted: { version: '3.13', range: '>=3.12', by: '.python-version' },
  },
  {
    files: { 'pyproject.toml': UV, '.python-version': '3.9\n' },
    manager: 'uv',
    binary: '',
    wanted: { version: undefined, range: '>=3.12', by: 'the project' },
  },
  {
    files: { 'setup.cfg': '[options]\npython_requires = >=3.10\n', '.python-version': 'my-environment\n' },
    manager: 'pip',
    binary: '',
    wanted: { version: undefined, range: '>=3.10', by: 'the project' },
  },
  {
    files: { '.python-version': '3.10\n' },
    manager: 'pip',
    binary: '',
    configured: '3.11',
    wanted: { version: '3.11', by: 'agent.default_python' },
  },
  {
    files: { 'pyproject.toml': '[project\nbroken' },
    manager: 'pip',
    binary: 'python3',
    wanted: { version: '3', by: 'the task' },
  },
];

for (const { files, manager, binary, configured, wanted } of CASES)
  test(`${manager}, binary "${binary}", configured ${configured}: ${JSON.stringify(files)}`, (t) => {
    const repository = path.join(temporaryFolder(t), 'repository');
    mkdirSync(repository);
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(repository, name), text);
    const agent = {
      package_manager: { type: manager },
      ...(configured === undefined ? {} : { default_python: configured }),
    };
    const { request } = environmentRequest(t, { repository, binary, agent });
    const { version, range, by }: PythonRequest = pythonForProject(request);
    t.deepEqual({ version, range: range?.text, by }, { range: undefined, ...wanted });
  });
