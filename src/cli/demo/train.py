"""Fits a line to noisy points, one step at a time."""

import os
import random
import sys
import time

from demo_metrics import bar, mean_squared_error

STEPS = 12
RATE = 0.05

random.seed(7)
points = [(x / 10, 3.0 * x / 10 + 1.0 + random.gauss(0, 0.1)) for x in range(20)]
slope, offset = 0.0, 0.0

print(f"task {os.environ['CLEARML_TASK_ID']} on Python {sys.version.split()[0]}")
print(f"learning rate {RATE}")
for step in range(1, STEPS + 1):
    for x, y in points:
        error = slope * x + offset - y
        slope -= RATE * error * x
        offset -= RATE * error
    loss = mean_squared_error([(slope * x + offset, y) for x, y in points])
    print(f"step {step:2d}  loss {loss:7.4f}  {bar(loss)}", flush=True)
    time.sleep(0.1)
print(f"y = {slope:.2f} x + {offset:.2f}   (the points were made with y = 3.00 x + 1.00)")
