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
device, media, imaging = (service(name, digest) for name in ("device", "media", "imaging"))
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

source = media.GetVideoSources()[0]
before = imaging.GetImagingSettings(VideoSourceToken=source.token)
imaging.SetImagingSettings(
    VideoSourceToken=source.token, ImagingSettings={**serialize_object(before, dict), "Brightness": 55.5}, ForcePersistence=False
)
after = imaging.GetImagingSettings(VideoSourceToken=source.token)
imaging.SetImagingSettings(VideoSourceToken=source.token, ImagingSettings=before)
result["imaging"] = {
    "options": [key for key, value in serialize_object(imaging.GetOptions(VideoSourceToken=source.token), dict).items() if value is not None],
    "before": before.Brightness,
    "after": after.Brightness,
    "restored": imaging.GetImagingSettings(VideoSourceToken=source.token).Brightness,
    "source": source.Imaging.Brightness,
    "status": imaging.GetStatus(VideoSourceToken=source.token),
}
configuration = media.GetVideoSourceConfigurations()[0].token
token = media.CreateOSD(
    OSD={
        "token": "",
        "VideoSourceConfigurationToken": configuration,
        "Type": "Text",
        "Position": {"Type": "UpperLeft"},
        "TextString": {"Type": "Plain", "PlainText": "Garden"},
    }
)
texts = [each.TextString.PlainText for each in media.GetOSDs(ConfigurationToken=configuration)]
osd = media.GetOSD(OSDToken=token)
media.SetOSD(OSD=osd)
media.DeleteOSD(OSDToken=token)
result["osd"] = {
    "options": media.GetOSDOptions(ConfigurationToken=configuration).PositionOption,
    "token": token,
    "texts": texts,
    "left": len(media.GetOSDs() or []),
}
faults = {}
for label, token, call in [
    ("wrong password", UsernameToken(user, "wrong", use_digest=True), lambda d: d.GetScopes()),
    ("no credentials", None, lambda d: d.GetScopes()),
    ("out of range", digest, lambda d: imaging.SetImagingSettings(VideoSourceToken=source.token, ImagingSettings={"Brightness": 101})),
    ("no lens", digest, lambda d: imaging.Stop(VideoSourceToken=source.token)),
    ("bad value", digest, lambda d: d.SetHostname(Name="-not a host name-")),
]:
    try:
        call(service("device", token))
        faults[label] = None
    except Fault as fault:
        faults[label] = {"code": fault.code, "subcodes": [each.localname for each in fault.subcodes or []], "message": fault.message}
result["faults"] = faults
print(json.dumps(result, default=str))
