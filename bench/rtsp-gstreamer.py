#!/usr/bin/python3
"""GStreamer's RTSP server as the RTSP benchmark's peer: JPEG files at 30 per second, one pipeline shared by all clients.

Usage: rtsp-gstreamer.py PORT DIR      DIR: f001.jpg to f060.jpg, 1280x720; loopback only, the stream is /cam
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

FPS = 30

port, folder = sys.argv[1:3]
Gst.init(None)
caps = f"image/jpeg,width=1280,height=720,framerate={FPS}/1"
source = f"multifilesrc location={folder}/f%03d.jpg start-index=1 stop-index=60 loop=true caps={caps}"
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f"( {source} ! jpegparse name=parser ! rtpjpegpay name=pay0 pt=26 )")
factory.set_shared(True)


def on_configure(_factory, media):
    """The file source gives pictures without times; the parser lets them have some, and the sink keeps to them."""
    shown = 0

    def stamp(_pad, info):
        nonlocal shown
        picture = info.get_buffer()
        picture.pts = picture.dts = shown * Gst.SECOND // FPS
        picture.duration = Gst.SECOND // FPS
        shown += 1
        return Gst.PadProbeReturn.OK

    parser = media.get_element().get_by_name("parser")
    parser.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, stamp)


factory.connect("media-configure", on_configure)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
server.get_mount_points().add_factory("/cam", factory)
if not server.attach(None):
    sys.exit(f"port {port} cannot be used")
GLib.timeout_add_seconds(2, lambda: server.get_session_pool().cleanup() or True)
GLib.MainLoop().run()
