"""Says what this interpreter is. Runs on every Python from 2.7 on."""

# Modules are looked for, not imported: pip alone takes 0.3 s to import.
import json
import os
import re
import sys
import sysconfig


def has(name):
    try:
        from importlib.util import find_spec

        return find_spec(name) is not None
    except ImportError:
        import imp

        try:
            imp.find_module(name)
            return True
        except ImportError:
            return False


def pip():
    for folder in sys.path:
        file = os.path.join(folder, "pip", "__init__.py")
        if os.path.isfile(file):
            match = re.search(r'__version__ *= *.([0-9][^\s"\']*)', open(file).read())
            return match.group(1) if match else None
    return None


print(
    json.dumps(
        {
            "version": ".".join(str(part) for part in sys.version_info[:3]),
            "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
            "executable": sys.executable,
            "prefix": sys.prefix,
            "basePrefix": getattr(sys, "base_prefix", sys.prefix),
            "platform": sysconfig.get_platform(),
            "abi": sysconfig.get_config_var("SOABI") or "",
            "venv": has("venv"),
            "ensurepip": has("ensurepip"),
            "virtualenv": has("virtualenv"),
            "pip": pip(),
            "sysPath": [folder for folder in sys.path if folder],
        }
    )
)
