#!/usr/bin/env bash
# `comment = 20 hours ago` in a HOCON file, read by pyhocon, the reader of clearml.conf in ClearML's own Python programs.
# One would guess the text "20 hours ago": in HOCON values have no duration type; a duration is a text or number that the
# program reads by getDuration, and unquoted words with blanks between them are joined as they are.
# What happens: a number followed by a word for a unit of time becomes a timedelta while the file is parsed, also as a part of a
# longer text, and is written back in Python's form: "20:00:00ago". The blank is lost as well. `1 m 2` (metres, say) becomes
# "0:01:002". A duration alone is a timedelta, which json.dumps refuses. In quotes all of them stay texts.
# Seen with pyhocon 0.3.63 on Python 3.11 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet --disable-pip-version-check pyhocon==0.3.63
tools/bin/python - <<'PYTHON'
from importlib.metadata import version
from pyhocon import ConfigFactory
print('pyhocon', version('pyhocon'))
EXPECTED = {
    'a = 20 hours ago': "'20:00:00ago'",
    'a = 1 m 2': "'0:01:002'",
    'a = 5 days': 'datetime.timedelta(days=5)',
    'a = 5 years ago': "'5 years ago'",
    'a = "20 hours ago"': "'20 hours ago'",
}
found = {text: repr(ConfigFactory.parse_string(text)['a']) for text in EXPECTED}
for text, value in found.items():
    print(f'{text}  ->  {value}')
if found != EXPECTED:
    raise SystemExit('the behaviour has changed')
PYTHON
