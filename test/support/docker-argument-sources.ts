import type { ArgumentSources } from '../../src/container/run-options/request-draft.js';

/** What the recorded docker command found around it; see `test/fixtures/docker/README.md`. */
export function recordedSources(): ArgumentSources {
  return {
    env: { C: 'fromenv', HOME: '/home/user' },
    folder: '/srv/project',
    engineSocket: '/srv/project/engine.sock',
    realPath: (file: string) => file,
    readText: (file) => {
      const text = FILES[file];
      if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${file}'`);
      return text;
    },
  };
}

const FILES: Readonly<Record<string, string>> = {
  env: 'FROM_FILE=1\n# c\n\n  LEAD=x\nHOME\nA=9\nNOPE_X\nQ="quoted"\nT=trail  \n',
  labels: 'la=1\n#c\nlb\n  lc=x\n',
  'seccomp.json': '{"defaultAction": "SCMP_ACT_ALLOW" }',
};
