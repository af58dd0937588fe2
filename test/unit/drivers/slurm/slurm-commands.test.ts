import test from 'ava';
import { wordsOf } from '../../../../src/drivers/slurm/slurm-commands.js';

const SAID: Record<string, { stderr?: string; stdout?: string; words: string }> = {
  'the name of the program is left out': {
    stderr:
      'sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid\n',
    words: 'invalid partition specified: x; Batch job submission failed: Invalid',
  },
  'a fatal error': {
    stderr: 'sinfo: fatal: Could not establish a configuration source',
    words: 'Could not establish a configuration source',
  },
  'words that sbatch cannot read, with its path': {
    stderr: '/usr/bin/sbatch: unrecognized option \'--x\'\nTry "sbatch --help" for more information\n',
    words: "unrecognized option '--x'",
  },
  'words on standard output': {
    stdout: 'slurm_load_jobs error: timed out\n',
    words: 'slurm_load_jobs error: timed out',
  },
  nothing: { words: 'no words' },
};

for (const [title, { stderr = '', stdout = '', words }] of Object.entries(SAID)) {
  test(`what a command of Slurm says: ${title}`, (t) => {
    t.is(wordsOf({ stderr, stdout }), words);
  });
}
