import type { TaskPlan } from './scenario.js';

/** Variable with the folder in which programs note what they did; it marks their processes, too. */
export const TRUTH = 'CHAOS_TRUTH';

/** The program of a task. It notes each line on disk after it was printed, so the oracle knows what it printed. */
export function programOf(name: string, plan: TaskPlan): string {
  return `import os, subprocess, sys, time
truth = os.open(os.path.join(os.environ["${TRUTH}"], "${name}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
note = lambda text: os.write(truth, (text + "\\n").encode())
note("start %d" % os.getpid())
if ${plan.child ? 'True' : 'False'}:
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600"], start_new_session=True)
for number in range(${plan.lines}):
    print("LINE ${name} %d %s" % (number, "x" * ${plan.width}), flush=True)
    note("line")
    time.sleep(${plan.pause})
note("end")
sys.exit(${plan.exitCode})
`;
}

/** What the notes of a program say. */
export interface Truth {
  starts: number;
  lines: number;
  ended: boolean;
  pid: number | undefined;
}

export function readTruth(text: string): Truth {
  const notes = text.split('\n');
  const starts = notes.filter((note) => note.startsWith('start '));
  return {
    starts: starts.length,
    lines: notes.filter((note) => note === 'line').length,
    ended: notes.includes('end'),
    pid: starts.length === 0 ? undefined : Number(starts.at(-1)?.split(' ')[1]),
  };
}
