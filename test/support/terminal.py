"""Runs a program on a pseudo-terminal of its own and types what it is told to.

Arguments: a JSON list of steps, then the program and its arguments. A step is {"wait": text} (until the screen has
shown it since the last wait), {"type": text} or {"make": file}, which writes an empty file. Prints everything that the program
wrote, then a line "exit: <status>". A wait that is in vain ends the program and is told on standard error.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

STEP_SECONDS = 20


def main():
    steps, argv = json.loads(sys.argv[1]), sys.argv[2:]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    screen = Screen(terminal)
    problem = None
    for step in steps:
        if "type" in step:
            os.write(terminal, step["type"].encode())
        elif "make" in step:
            open(step["make"], "w").close()
        elif not screen.wait_for(step["wait"]):
            problem = "waited in vain for: " + step["wait"]
            break
    if problem is None:
        screen.read_to_end()
    else:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(screen.text)
    sys.stdout.write("\nexit: %d\n" % (os.waitstatus_to_exitcode(status)))
    if problem:
        sys.stderr.write(problem + "\n")
        sys.exit(1)


class Screen:
    def __init__(self, terminal):
        self.terminal, self.text, self.seen = terminal, "", 0

    def wait_for(self, text):
        deadline = time.time() + STEP_SECONDS
        while True:
            at = self.text.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return True
            if time.time() > deadline or not self.read():
                return False

    def read_to_end(self):
        deadline = time.time() + STEP_SECONDS
        while time.time() < deadline and self.read():
            pass

    def read(self):
        ready, _, _ = select.select([self.terminal], [], [], 1)
        if not ready:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)


main()
