"""Lists the packages of this interpreter. Runs on every Python from 2.7 on."""

import io
import json
import os
import sys

try:
    from urllib.parse import unquote
except ImportError:
    from urllib import unquote


def headers(file):
    found = {"Requires-Dist": []}
    with io.open(file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.strip():
                break
            key, _, value = line.partition(":")
            if key == "Requires-Dist":
                found[key].append(value.strip())
            elif key in ("Name", "Version"):
                found[key] = value.strip()
    return found.get("Name"), found.get("Version"), found["Requires-Dist"]


def needs(folder):
    file = os.path.join(folder, "requires.txt")
    found = []
    if os.path.isfile(file):
        with io.open(file, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("["):
                    break
                if line.strip():
                    found.append(line.strip())
    return found


def source(folder):
    file = os.path.join(folder, "direct_url.json")
    if not os.path.isfile(file):
        return None, False
    with io.open(file, encoding="utf-8") as text:
        direct = json.load(text)
    address = direct.get("url", "")
    if address.startswith("file://") and not os.path.exists(unquote(address[7:])):
        return None, False
    vcs = direct.get("vcs_info")
    if vcs:
        address = "%s+%s" % (vcs.get("vcs", "git"), address)
        if vcs.get("commit_id"):
            address += "@" + vcs["commit_id"]
    facts = []
    digest = (direct.get("archive_info") or {}).get("hash")
    if digest and not address.startswith("file:"):
        facts.append(digest)
    if direct.get("subdirectory"):
        facts.append("subdirectory=" + direct["subdirectory"])
    if facts:
        address += "#" + "&".join(facts)
    return address, bool((direct.get("dir_info") or {}).get("editable"))


links = set()
for folder in sys.path:
    if os.path.isdir(folder):
        for entry in os.listdir(folder):
            if entry.endswith(".egg-link"):
                with io.open(os.path.join(folder, entry), encoding="utf-8") as text:
                    links.add(os.path.realpath(text.readline().strip()))
packages = {}
for folder in sys.path:
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        continue
    for entry in names:
        full = os.path.join(folder, entry)
        if entry.endswith(".dist-info"):
            meta = os.path.join(full, "METADATA")
        elif entry.endswith(".egg-info"):
            meta = full if os.path.isfile(full) else os.path.join(full, "PKG-INFO")
        else:
            continue
        try:
            name, version, requires = headers(meta)
            if name and version:
                address, editable = source(full)
                if address is None and os.path.realpath(folder) in links:
                    address, editable = "file://" + os.path.realpath(folder), True
                packages.setdefault(
                    name.lower().replace("_", "-"),
                    {
                        "name": name,
                        "version": version,
                        "source": address,
                        "editable": editable,
                        "requires": requires or needs(full),
                    },
                )
        except (OSError, ValueError):
            pass
print(
    json.dumps(
        {
            "sysPath": [p for p in sys.path if p],
            "packages": sorted(packages.values(), key=lambda p: p["name"].lower()),
        }
    )
)
