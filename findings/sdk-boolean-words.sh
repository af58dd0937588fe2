#!/usr/bin/env bash
# A boolean parameter of a ClearML task is set to 0, 1, yes, no, on or off in the web page. What does the task's code read?
# One would guess False and True, as YAML, argparse recipes and the SDK's own reading of environment variables take these words, or
# an error; and the same from each of the SDK's two ways to read.
# What happens: they differ. `get_parameters(cast=True)` casts only the words true and false: every other word stays text, and
# '0', 'no' and 'off' are true in an `if`. What `connect()` uses takes numbers as well, and yes and on are False, without a warning.
# A form that writes parameters should write true or false.
# Seen with clearml 2.1.12 in offline mode on Python 3.11 on 2026-11-30.
set -euo pipefail
command -v python3 >/dev/null || { echo 'needs python3 with venv'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet clearml==2.1.12
cat > ask.py <<'PY'
import clearml
from clearml import Task

WORDS = ["true", "1", "yes", "on", "false", "0", "no", "off"]
Task.set_offline(True)
task = Task.init("finding", "words", auto_resource_monitoring=False, auto_connect_frameworks=False)
for word in WORDS:
    task.set_parameter(f"General/{word}", word, value_type=bool)
read = task.get_parameters_as_dict(cast=True)["General"]
# connect() calls this where an agent runs the task
connected = dict(task._arguments.copy_to_dict({word: True for word in WORDS}, prefix="General"))
print("clearml", clearml.__version__)
for word in WORDS:
    print(f"{word:6} get_parameters(cast=True): {read[word]!r:8} connect(): {connected[word]!r}")
kept = [word for word in WORDS if read[word] == word and isinstance(read[word], str)]
false = [word for word in WORDS if connected[word] is False]
raise SystemExit(kept != ["1", "yes", "on", "0", "no", "off"] or false != ["yes", "on", "false", "0", "no", "off"])
PY
HOME=$folder CLEARML_OFFLINE_MODE=1 timeout 120 venv/bin/python ask.py 2>/dev/null || { echo 'the behaviour has changed'; exit 1; }
