import type { Mode, TaskPlan } from './scenario.js';

/** Variable with the folder in which programs note what they did; it marks their processes, too. */
export const TRUTH = 'CHAOS_TRUTH';

/** How a task runs its program. It notes each line on disk after it was printed, so the oracle knows what it printed. */
export function scriptOf(mode: Mode, name: string, plan: TaskPlan) {
  return mode === 'process'
    ? { binary: 'python3', entry_point: 'main.py', working_dir: '.', diff: pythonProgram(name, plan) }
    : { binary: '/bin/sh', entry_point: 'run.sh', working_dir: '.', diff: shellProgram(name, plan) };
}

function pythonProgram(name: string, plan: TaskPlan): string {
  return `import os, select, subprocess, sys
truth = os.open(os.path.join(os.environ["${TRUTH}"], "${name}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
note = lambda text: os.write(truth, (text + "\\n").encode())
# time.sleep fails below libfaketime, which a task inherits from its daemon
sleep = lambda seconds: select.select([], [], [], seconds)
note("start %d" % os.getpid())
if ${plan.child ? 'True' : 'False'}:
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600"], start_new_session=True)
for number in range(${plan.lines}):
    try:
        print("LINE ${name} %d %s" % (number, "x" * ${plan.width}), flush=True)
    except OSError:
        note("no room")
        os._exit(1)
    note("line")
    sleep(${plan.pause})
sleep(${plan.linger})
note("end")
sys.exit(${plan.exitCode})
`;
}

/** For an image that has a shell and no Python. */
function shellProgram(name: string, plan: TaskPlan): string {
  return `#!/bin/sh
exec 3>>"$${TRUTH}/${name}"
echo "start $$" >&3
${plan.child ? `busybox setsid sh -c "trap '' TERM; sleep 600" 3>&- &` : ''}
number=0
while [ $number -lt ${plan.lines} ]; do
  echo "LINE ${name} $number ${'x'.repeat(plan.width)}" 2>/dev/null || { echo "no room" >&3; exit 1; }
  echo line >&3
  number=$((number + 1))
  ${plan.pause > 0 ? `sleep ${plan.pause}` : ''}
done
sleep ${plan.linger}
echo end >&3
exit ${plan.exitCode}
`;
}

/** What the notes of a program say. */
export interface Truth {
  starts: number;
  lines: number;
  ended: boolean;
  /** It gave up, because the disk did not take a line. */
  noRoom: boolean;
  /** As the program knows itself, in its container. */
  pid: number | undefined;
}

export function readTruth(text: string): Truth {
  const notes = text.split('\n');
  const starts = notes.filter((note) => note.startsWith('start '));
  return {
    starts: starts.length,
    lines: notes.filter((note) => note === 'line').length,
    ended: notes.includes('end'),
    noRoom: notes.includes('no room'),
    pid: starts.length === 0 ? undefined : Number(starts.at(-1)?.split(' ')[1]),
  };
}
