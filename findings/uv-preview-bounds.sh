#!/usr/bin/env bash
# A lower bound that is itself a preview, `demo>=1.0rc1`.
# One would guess that uv's pip interface and pip choose the same version: both follow the version specifiers of Python
# packaging, where a specifier that names a preview lets previews in.
# What happens: pip installs 2.0rc1, the newest of all; uv installs 1.0, as it takes a preview only where no release fits.
# An exact `demo==2.0rc1` is the same in both. So a list that pip resolved resolves otherwise under uv, without a word.
# Seen with uv 0.13.9 and pip 26.0 on 2026-11-28.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet --disable-pip-version-check uv==0.13.9 pip==26.0
python3 - <<'PYTHON'
import os, zipfile
os.mkdir('wheels')
for version in ('1.0', '2.0rc1'):
    info = f'demo-{version}.dist-info/'
    with zipfile.ZipFile(f'wheels/demo-{version}-py3-none-any.whl', 'w') as archive:
        archive.writestr('demo.py', '')
        archive.writestr(info + 'METADATA', f'Metadata-Version: 2.1\nName: demo\nVersion: {version}\n')
        archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        archive.writestr(info + 'RECORD', '')
PYTHON
tools/bin/uv --version
tools/bin/pip --version | cut -d' ' -f1-2
installed() { python3 -c 'import os, sys; print(*sorted(n[5:-10] for n in os.listdir(sys.argv[1]) if n.endswith(".dist-info")))' "$1"; }
status=0
for requirement in 'demo>=1.0rc1' 'demo==2.0rc1'; do
  rm -rf by-uv by-pip
  tools/bin/uv pip install --quiet --no-config --no-index --find-links wheels --target by-uv "$requirement"
  tools/bin/pip install --quiet --disable-pip-version-check --no-index --find-links wheels --target by-pip "$requirement"
  uv=$(installed by-uv) pip=$(installed by-pip)
  echo "$requirement: uv $uv, pip $pip"
  case $requirement in
    *'>='*) [ "$uv $pip" = '1.0 2.0rc1' ] || status=1 ;;
    *) [ "$uv $pip" = '2.0rc1 2.0rc1' ] || status=1 ;;
  esac
done
exit $status
