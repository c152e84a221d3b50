"""Calls a camera with python-zeep, a strict SOAP client that reads the WSDL the camera serves.

Usage: zeep-client.py BASE_URL USER PASSWORD. Prints what it got as JSON.
"""

import json
import sys

from zeep import Client, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.wsse.username import UsernameToken

base, user, password = sys.argv[1:4]


def service(name, token):
    return Client(
        f"{base}/onvif/{name}_service?wsdl",
        wsse=token,
        settings=Settings(strict=True),
    ).service


digest = UsernameToken(user, password, use_digest=True)
device, media = service("device", digest), service("media", digest)
result = {
    "information": serialize_object(device.GetDeviceInformation(), dict),
    "interfaces": [serialize_object(each, dict)["token"] for each in device.GetNetworkInterfaces() or []],
    "users": [each.Username for each in device.GetUsers()],
    "services": [each.Namespace for each in device.GetServices(IncludeCapability=False)],
    "year": device.GetSystemDateAndTime().UTCDateTime.Date.Year,
    "profiles": [each.token for each in media.GetProfiles()],
    "snapshot": media.GetSnapshotUri(ProfileToken="mjpeg").Uri,
    "stream": media.GetStreamUri(
        StreamSetup={"Stream": "RTP-Unicast", "Transport": {"Protocol": "HTTP"}}, ProfileToken="mjpeg"
    ).Uri,
    "text_token": service("device", UsernameToken(user, password)).GetHostname().Name,
}
faults = {}
for label, token, call in [
    ("wrong password", UsernameToken(user, "wrong", use_digest=True), lambda d: d.GetScopes()),
    ("no credentials", None, lambda d: d.GetScopes()),
    ("bad value", digest, lambda d: d.SetHostname(Name="-not a host name-")),
]:
    try:
        call(service("device", token))
        faults[label] = None
    except Fault as fault:
        faults[label] = {"code": fault.code, "subcodes": [each.localname for each in fault.subcodes or []], "message": fault.message}
result["faults"] = faults
print(json.dumps(result, default=str))
