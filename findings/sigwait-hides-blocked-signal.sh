#!/bin/sh
# One would guess: a process that waits for SIGTERM in sigwait, as tini does as the first process of a container, has
# SIGTERM in the SigBlk mask of /proc/PID/status, because signals must be blocked for sigwait.
# What happens: while it is in sigwait, the kernel takes the awaited signals out of that mask (it keeps the real one to
# itself), and SigCgt lacks them as well. Such a process looks like one that SIGTERM cannot reach. Only the system
# call it is in (/proc/PID/syscall, rt_sigtimedwait) tells them apart.
# Linux 6.18, Python 3.11.7, tini 0.19; 2026-11-28.
set -eu
command -v python3 >/dev/null || { echo "needs python3"; exit 2; }
uname -sr; python3 --version

start() { # its first line of output says that it is ready
  python3 -c "$1" & pid=$!
  sleep 2
  grep -E 'Sig(Blk|Cgt)' "/proc/$pid/status" | sed "s/^/$2: /"
  blocked=$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$pid/status")
  echo "$2: system call $(cut -d' ' -f1 "/proc/$pid/syscall" 2>/dev/null || echo unknown)"
  kill -9 "$pid"; wait "$pid" 2>/dev/null || :
}
BLOCK='import signal, time; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])'
start "$BLOCK; time.sleep(60)" 'blocked, asleep'
[ "$blocked" = 0000000000004000 ] || { echo "changed: SIGTERM is not shown as blocked"; exit 1; }
start "$BLOCK; signal.sigwait([signal.SIGTERM])" 'blocked, in sigwait'
[ "$blocked" = 0000000000000000 ] || { echo "changed: SIGTERM is shown as blocked in sigwait"; exit 1; }
echo "as described: in sigwait the mask of blocked signals lacks SIGTERM"
