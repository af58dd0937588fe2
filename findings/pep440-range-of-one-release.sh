#!/usr/bin/env bash
# Does a final release satisfy a lower bound that is its own preview: `1.0` and `>1.0rc1`?
# One would guess yes, and that @renovatebot/pep440, a port of Python's `packaging`, answers as `packaging` does.
# What happens: the port excludes every version with the same release number as the bound of `<` and `>`, so 1.0 does not
# satisfy >1.0rc1, 1.0rc1 does not satisfy <1.0rc2, and 1!1.0 (of a later epoch) does not satisfy >1.0. It also fills up no
# zeros in prefixes: 1.0 does not satisfy ==1.0.0.* or, written as 1, ~=1.0.0. Python's `packaging` accepts all of these.
# Its comparison functions (gt, lt) are right; only ranges differ.
# Seen with @renovatebot/pep440 4.2.4 and packaging 26.0 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet --disable-pip-version-check packaging==26.0
npm install --silent --no-audit --no-fund @renovatebot/pep440@4.2.4
cat > port.cjs <<'NODE'
const { satisfies } = require('@renovatebot/pep440');
const [version, range] = process.argv.slice(2);
console.log(satisfies(version, range, { prereleases: true }) ? 'yes' : 'no');
NODE
cat > packaging_says.py <<'PYTHON'
import sys
from packaging.specifiers import SpecifierSet
print('yes' if SpecifierSet(sys.argv[2]).contains(sys.argv[1], prereleases=True) else 'no')
PYTHON
echo "@renovatebot/pep440 $(node -p 'require("@renovatebot/pep440/package.json").version'), packaging $(tools/bin/python -c 'import packaging; print(packaging.__version__)')"
status=0
while read -r version range expected; do
  found="$(node port.cjs "$version" "$range") $(tools/bin/python packaging_says.py "$version" "$range")"
  echo "$version $range: port ${found% *}, packaging ${found#* }"
  [ "${found/ /,}" = "$expected" ] || status=1
done <<'CASES'
1.0 >1.0rc1 no,yes
1.0rc1 <1.0rc2 no,yes
1!1.0 >1.0 no,yes
1.0 ==1.0.0.* no,yes
1 ~=1.0.0 no,yes
1.1 >1.0rc1 yes,yes
1.0 >1.0 no,no
CASES
[ "$status" = 0 ] || echo 'the behaviour has changed'
exit "$status"
