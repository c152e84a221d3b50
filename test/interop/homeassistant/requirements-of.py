"""Prints what integrations of Home Assistant, named as arguments, and all that they depend on want from PyPI, a line each.

newest.txt is made with it, in an empty virtual environment of the Python it is for:
  pip install homeassistant==VERSION
  python requirements-of.py onvif mjpeg generic ffmpeg stream frontend rest rest_command template automation blueprint backup \
    recorder image_upload zeroconf default_config hassio ai_task met google_translate radio_browser > more.txt
  pip install -c .../site-packages/homeassistant/package_constraints.txt -r more.txt
  pip freeze > newest.txt
The last five are added by the first start of Home Assistant itself.
"""

import json
import pathlib
import sys

import homeassistant
from homeassistant.scripts import check_config

components = pathlib.Path(homeassistant.__path__[0], "components")
waiting, seen, wanted = sys.argv[1:], set(), set(check_config.REQUIREMENTS)
while waiting:
    name = waiting.pop()
    if name in seen:
        continue
    seen.add(name)
    manifest = json.loads((components / name / "manifest.json").read_text())
    waiting += manifest.get("dependencies", [])
    wanted |= set(manifest.get("requirements", []))
print(*sorted(wanted), sep="\n")
