"""Records where packages came from; one that has a record keeps it. Runs on every Python from 3.6 on."""

import json
import os
import re
import sys
import sysconfig


def normal(name):
    return re.sub("[-_.]+", "-", name).lower()


with open(sys.argv[1], encoding="utf-8") as text:
    report = json.load(text)
os.remove(sys.argv[1])
origins = {
    normal(one["metadata"]["name"]): one["download_info"]
    for one in report["install"]
    if "vcs_info" in one["download_info"]
}
for site in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
    for entry in os.listdir(site):
        folder = os.path.join(site, entry)
        name, dot, kind = entry.rpartition(".")
        record = os.path.join(folder, "direct_url.json")
        origin = origins.get(normal(name.split("-")[0]))
        if (
            kind not in ("egg-info", "dist-info")
            or origin is None
            or not os.path.isdir(folder)
            or os.path.exists(record)
        ):
            continue
        with open(record, "w", encoding="utf-8") as text:
            json.dump(origin, text)
        files = os.path.join(folder, "installed-files.txt")
        if os.path.isfile(files):
            with open(files, "a", encoding="utf-8") as text:
                text.write("direct_url.json\n")
