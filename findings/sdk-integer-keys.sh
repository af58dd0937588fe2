#!/usr/bin/env bash
# `task.connect({'stages': {1: 'warm', 2: 'full'}})`: what has the dictionary after the web page changed stage 1 to 'cold'?
# One would guess {1: 'cold', 2: 'full'}, or, as connect() warns that it converts such keys to text, {'1': 'cold', '2': 'full'}.
# What happens: the keys of text come beside the old ones: {1: 'warm', 2: 'full', '1': 'cold', '2': 'full'}.
# Code that reads `stages[1]` trains with the value from before the change, and a loop over the stages runs each twice.
# Seen with clearml 2.1.12 on Python 3.11 on 2026-11-30.
set -euo pipefail
command -v python3 >/dev/null || { echo 'needs python3 with venv'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet clearml==2.1.12
cat > ask.py <<'PY'
import clearml
from clearml.utilities.proxy_object import flatten_dictionary, nested_from_flat_dictionary

given = {"stages": {1: "warm", 2: "full"}}
# what connect() does with a dictionary: to names of parameters, and back with the values of the server
parameters = flatten_dictionary(given)
sent = dict(parameters)
parameters["stages/1"] = "cold"
back = nested_from_flat_dictionary(given, parameters)
print("clearml", clearml.__version__)
print("sent:", sent, "returned:", back)
raise SystemExit(back != {"stages": {1: "warm", 2: "full", "1": "cold", "2": "full"}})
PY
HOME=$folder timeout 120 venv/bin/python ask.py 2>/dev/null || { echo 'the behaviour has changed'; exit 1; }
