#!/usr/bin/env bash
# A JSON file with `\u` escapes, read by pyhocon, the reader of clearml.conf in ClearML's own Python programs.
# One would guess the same values as json.loads gives: HOCON is a superset of JSON, so each JSON file is a HOCON file.
# What happens: `\u00e9` and `\/` stay as they are, with the backslash. So a value that json.dumps wrote, by default in ASCII,
# comes back changed: a password with an é no longer logs in, and nothing says why.
# Seen with pyhocon 0.3.63 on Python 3.11 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet --disable-pip-version-check pyhocon==0.3.63
tools/bin/python - <<'PYTHON'
import json
from importlib.metadata import version
from pyhocon import ConfigFactory
print('pyhocon', version('pyhocon'))
EXPECTED = {r'{"a": "caf\u00e9"}': r'caf\u00e9', r'{"a": "1\/2"}': r'1\/2', r'{"a": "1\t2"}': '1\t2'}
found = {text: ConfigFactory.parse_string(text)['a'] for text in EXPECTED}
for text, value in found.items():
    print(f'{text}: pyhocon {value!r}, json {json.loads(text)["a"]!r}')
if found != EXPECTED:
    raise SystemExit('the behaviour has changed')
PYTHON
