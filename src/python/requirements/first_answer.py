"""Prints the first of the addresses that answers. Runs on every Python from 2.7 on."""

import sys

try:
    from urllib.request import urlopen
    from urllib.error import HTTPError
except ImportError:
    from urllib2 import urlopen, HTTPError
for url in sys.argv[2:]:
    try:
        urlopen(url, timeout=float(sys.argv[1])).close()
        print(url)
        break
    except HTTPError:
        continue
    except Exception:
        break
