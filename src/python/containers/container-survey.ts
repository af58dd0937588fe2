import type { Place } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import { programText } from '../../os/program-file.js';
import { type Candidate, readCandidates, searchPrograms } from '../interpreter/interpreter-candidates.js';

/** Which C library programs of an image are linked with; `none`: only static programs run. */
export type CLibrary = 'glibc' | 'musl' | 'none';

/** What a look at a container finds. */
export interface ContainerSurvey {
  /** As `uname -m` says it, `x86_64`. */
  machine: string;
  libc: CLibrary;
  /** Version of glibc, `2.36`. */
  libcVersion: string;
  /** Of the programs asked for, those on PATH. */
  programs: ReadonlySet<string>;
  /** Of the paths asked for, those that are there. */
  paths: ReadonlySet<string>;
  /** Of the folders asked for, those where the user of the image may write. */
  writable: ReadonlySet<string>;
  /** Texts of the files asked for that are there. */
  texts: ReadonlyMap<string, string>;
  /** What OpenCV is linked with is there. */
  openCvLibraries: boolean;
  /** Folders of packages in the usual places, with the names of what describes the packages. */
  packages: ReadonlyMap<string, readonly string[]>;
  /** Programs that may be the interpreter wanted. */
  candidates: Candidate[];
}

export interface SurveyRequest {
  /** Names of interpreters. */
  names: readonly string[];
  programs: readonly string[];
  paths: readonly string[];
  folders: readonly string[];
  texts: readonly string[];
  signal: AbortSignal;
}

/** Looks at all that decides how an environment is made there, by one command: each costs a tenth of a second. */
export async function surveyContainer(place: Place, request: SurveyRequest): Promise<ContainerSurvey> {
  const { signal } = request;
  const lists = {
    SURVEY_PROGRAMS: request.programs.join('\n'),
    SURVEY_PATHS: request.paths.join('\n'),
    SURVEY_FOLDERS: request.folders.join('\n'),
    SURVEY_TEXTS: request.texts.join('\n'),
  };
  const script = `${programText('survey-container.sh', import.meta.url)}${searchPrograms()}`;
  const argv = ['/bin/sh', '-c', script, 'sh', ...request.names] as const;
  const { stdout, stderr } = await place.exec({ argv: [...argv], env: lists }, { signal });
  if (!stdout.includes(END)) {
    throw new AgentError('DOCKER_CONTAINER', 'the container cannot be inspected: its shell does not work', {
      detail: stderr.trim(),
    });
  }
  return readSurvey(stdout);
}

/** Lines of a word and a value; lines of a text follow its name and begin with a bar. */
export function readSurvey(text: string): ContainerSurvey {
  const end = text.indexOf(END);
  const lines = text.slice(0, end).split('\n');
  const values = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const libc = values('libc')[0];
  return {
    machine: values('machine')[0] ?? '',
    libc: libc === 'glibc' || libc === 'musl' ? libc : 'none',
    libcVersion: values('libcVersion')[0]?.replace(/^glibc /, '') ?? '',
    programs: new Set(values('program')),
    paths: new Set(values('path')),
    writable: new Set(values('writable')),
    texts: readTexts(lines),
    openCvLibraries: values('library').length > 1,
    packages: readPackages(lines),
    candidates: readCandidates(text.slice(end + END.length)),
  };
}

function readPackages(lines: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  let names: string[] = [];
  for (const line of lines) {
    if (line.startsWith('folder ')) {
      names = [];
      folders.set(line.slice('folder '.length), names);
    } else if (line.startsWith('package ')) {
      names.push(line.slice('package '.length));
    }
  }
  return folders;
}

function readTexts(lines: readonly string[]): Map<string, string> {
  const texts = new Map<string, string>();
  let name = '';
  for (const line of lines) {
    if (line.startsWith('text ')) {
      name = line.slice('text '.length);
      texts.set(name, '');
    } else if (line.startsWith('|')) {
      texts.set(name, `${texts.get(name) ?? ''}${line.slice(1)}\n`);
    }
  }
  return texts;
}

/** The last line of `survey-container.sh`. */
const END = '== programs\n';
