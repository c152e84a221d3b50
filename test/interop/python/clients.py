"""Runs one client library against the camera: clients.py LIBRARY ARGUMENTS. Prints what it got as JSON, a line for each thing that comes by and by."""

import asyncio
import hashlib
import json
import sys


def opencv(url, count):
    """Reads pictures as people do for computer vision: the size, and how many different ones came."""
    import cv2

    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    seen = set()
    for _ in range(int(count)):
        there, picture = capture.read()
        if not there:
            break
        seen.add(hashlib.md5(picture.tobytes()).hexdigest())
    return {"size": picture.shape[1::-1] if seen else None, "different": len(seen)}


def pyav(url, transport, count):
    """Decodes pictures, as Home Assistant's stream does: codec, sizes and times in seconds."""
    import av

    with av.open(url, options={"rtsp_transport": transport}, timeout=20) as container:
        (video,) = container.streams.video
        frames = []
        for frame in container.decode(video):
            frames.append(frame)
            if len(frames) == int(count):
                break
        return {
            "codec": video.codec_context.name,
            "sizes": sorted({(frame.width, frame.height) for frame in frames}),
            "times": [frame.time for frame in frames],
        }


def aiortsp(url, transport, count):
    """Reads RTP packets: how many are missing by their numbers, and how many pictures they are of."""
    from urllib.parse import unquote, urlsplit

    from aiortsp.rtsp.connection import RTSPConnection
    from aiortsp.rtsp.session import RTSPMediaSession
    from aiortsp.transport import RTPTransportClient, transport_for_scheme

    packets = asyncio.Queue()

    class Reader(RTPTransportClient):
        def handle_rtp(self, rtp):
            packets.put_nowait(rtp)

    async def read():
        # Its own reader takes the password as it stands in the address.
        parts = urlsplit(url)
        numbers, times = [], set()
        async with RTSPConnection(parts.hostname, parts.port, parts.username, unquote(parts.password)) as connection:
            async with transport_for_scheme({"udp": "rtsp", "tcp": "rtspt"}[transport])(connection) as way:
                async with RTSPMediaSession(connection, url, transport=way) as session:
                    way.subscribe(Reader())
                    await session.play()
                    while len(times) < int(count):
                        packet = await packets.get()
                        numbers.append(packet.seq)
                        times.add(packet.ts)
        steps = [(later - earlier) % 65536 for earlier, later in zip(numbers, numbers[1:])]
        return {"pictures": len(times), "missing": sum(step - 1 for step in steps)}

    return asyncio.run(asyncio.wait_for(read(), 30))


def onvif_zeep_async(host, port, user, password):
    """Does by itself what Home Assistant does with it."""
    from onvif import ONVIFCamera
    from onvif.exceptions import ONVIFAuthError, ONVIFError
    from zeep.exceptions import Fault

    async def camera(secret):
        made = ONVIFCamera(host, int(port), user, secret)
        await made.update_xaddrs()
        return made

    async def talk():
        device = await camera(password)
        management = await device.create_devicemgmt_service()
        media = await device.create_media_service()
        profiles = await media.GetProfiles()
        request = media.create_type("GetStreamUri")
        request.ProfileToken = profiles[0].token
        request.StreamSetup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        capabilities = await device.get_capabilities()
        pictures = {}
        for basic in (False, True):
            picture = await device.get_snapshot(profiles[0].token, basic)
            pictures["basic" if basic else "digest"] = picture[:2].hex()
        result = {
            "serial": (await management.GetDeviceInformation()).SerialNumber,
            "interfaces": len(await management.GetNetworkInterfaces()),
            "year": (await management.GetSystemDateAndTime()).UTCDateTime.Date.Year,
            "profiles": [(each.token, each.VideoEncoderConfiguration.Encoding) for each in profiles],
            "stream": (await media.GetStreamUri(request)).Uri,
            "media": capabilities["Media"]["XAddr"],
            "pictures": pictures,
        }
        imaging = await device.create_imaging_service()
        source = (await media.GetVideoSources())[0].token
        before = await imaging.GetImagingSettings({"VideoSourceToken": source})
        change = imaging.create_type("SetImagingSettings")
        change.VideoSourceToken = source
        change.ImagingSettings = {"Brightness": 60}
        await imaging.SetImagingSettings(change)
        after = await imaging.GetImagingSettings({"VideoSourceToken": source})
        # Home Assistant's switch of the name "IR lamp".
        change.ImagingSettings = {"IrCutFilter": "ON"}
        try:
            await imaging.SetImagingSettings(change)
            result["infrared"] = None
        except (ONVIFError, Fault) as error:
            result["infrared"] = str(error)
        result["brightness"] = [before.Brightness, after.Brightness]
        await device.close()
        stranger = await camera("wrong")
        try:
            await (await stranger.create_devicemgmt_service()).GetDeviceInformation()
            result["wrong password"] = None
        except (ONVIFAuthError, ONVIFError, Fault) as error:
            result["wrong password"] = str(error)
        await stranger.close()
        return result

    return asyncio.run(talk())


async def onvif_events(host, port, user, password):
    """Listens to events without an end, as Home Assistant does: what its parsers make of each."""
    from datetime import timedelta

    import onvif_parsers
    from onvif import ONVIFCamera
    from onvif_parsers.errors import UnknownTopicError

    camera = ONVIFCamera(host, int(port), user, password)
    await camera.update_xaddrs()
    manager = await camera.create_pullpoint_manager(timedelta(seconds=600), lambda: None)
    await manager.set_synchronization_point()
    while True:
        pulled = await manager.get_service().PullMessages({"MessageLimit": 100, "Timeout": timedelta(seconds=60)})
        for message in pulled.NotificationMessage:
            topic = message.Topic._value_1.rstrip("/.")
            try:
                entities = await onvif_parsers.parse(topic, "camera", message)
            except UnknownTopicError:
                continue
            for entity in entities:
                value = entity.value if isinstance(entity.value, (bool, int, float)) else str(entity.value)
                yield {"topic": topic, "platform": entity.platform, "class": entity.device_class, "value": value}


def onvif_zeep(folder, host, port, user, password):
    """Asks what many a script asks. Its folder comes first, before the other library of the same name."""
    sys.path.insert(0, folder)
    import onvif

    camera = onvif.ONVIFCamera(host, int(port), user, password)
    media = camera.create_media_service()
    profiles = media.GetProfiles()
    request = media.create_type("GetStreamUri")
    request.ProfileToken = profiles[0].token
    request.StreamSetup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    result = {
        "name": [each.ScopeItem for each in camera.devicemgmt.GetScopes() if "/name/" in each.ScopeItem],
        "model": camera.devicemgmt.GetDeviceInformation().Model,
        "profiles": [each.token for each in profiles],
        "stream": media.GetStreamUri(request).Uri,
    }
    imaging = camera.create_imaging_service()
    source = media.GetVideoSources()[0].token
    options = imaging.GetOptions({"VideoSourceToken": source})
    imaging.SetImagingSettings({"VideoSourceToken": source, "ImagingSettings": {"Contrast": 75}, "ForcePersistence": True})
    result["contrast"] = [options.Contrast.Min, options.Contrast.Max, imaging.GetImagingSettings({"VideoSourceToken": source}).Contrast]
    try:
        onvif.ONVIFCamera(host, int(port), user, "wrong").create_media_service().GetProfiles()
        result["wrong password"] = None
    except onvif.ONVIFError as error:
        result["wrong password"] = str(error)
    return result


LIBRARIES = {each.__name__: each for each in (opencv, pyav, aiortsp, onvif_zeep_async, onvif_events, onvif_zeep)}

if __name__ == "__main__":
    library, *arguments = sys.argv[1:]
    result = LIBRARIES[library](*arguments)
    if hasattr(result, "__aiter__"):

        async def print_lines():
            async for each in result:
                print(json.dumps(each), flush=True)

        asyncio.run(print_lines())
    else:
        print(json.dumps(result))
