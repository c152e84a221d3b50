// Plays a stream with gortsplib, the library of mediamtx: `go-client URL udp|tcp|multicast FRAMES`.
//
// Prints a line for each picture, "frame NANOSECONDS WIDTHxHEIGHT key|-", and ends with 0 after that many; with 1 and the
// library's own words at the first thing that it complains of, a lost packet too. `go-client version` prints the library's.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"
)

var protocols = map[string]gortsplib.Protocol{
	"udp":       gortsplib.ProtocolUDP,
	"tcp":       gortsplib.ProtocolTCP,
	"multicast": gortsplib.ProtocolUDPMulticast,
}

// A picture, or nothing yet.
type picture struct {
	size string
	key  bool
}

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, each := range info.Deps {
		if strings.HasPrefix(each.Path, "github.com/bluenviron/gortsplib/") {
			return each.Version
		}
	}
	return "unknown"
}

// Gives the video of a description, and what makes pictures of its packets.
func video(session *description.Session) (*description.Media, format.Format, func(*rtp.Packet) (*picture, error)) {
	var motionJPEG *format.MJPEG
	if media := session.FindFormat(&motionJPEG); media != nil {
		decoder, err := motionJPEG.CreateDecoder()
		if err != nil {
			fail(err)
		}
		return media, motionJPEG, func(packet *rtp.Packet) (*picture, error) {
			data, err := decoder.Decode(packet)
			if err != nil {
				if errors.Is(err, rtpmjpeg.ErrMorePacketsNeeded) {
					return nil, nil
				}
				return nil, err
			}
			image, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil {
				return nil, err
			}
			size := image.Bounds().Size()
			return &picture{fmt.Sprintf("%dx%d", size.X, size.Y), true}, nil
		}
	}
	var advanced *format.H264
	media := session.FindFormat(&advanced)
	if media == nil {
		fail(errors.New("no video"))
	}
	decoder, err := advanced.CreateDecoder()
	if err != nil {
		fail(err)
	}
	var sps h264.SPS
	if err := sps.Unmarshal(advanced.SPS); err != nil {
		fail(err)
	}
	return media, advanced, func(packet *rtp.Packet) (*picture, error) {
		unit, err := decoder.Decode(packet)
		if err != nil {
			if errors.Is(err, rtph264.ErrMorePacketsNeeded) {
				return nil, nil
			}
			return nil, err
		}
		return &picture{fmt.Sprintf("%dx%d", sps.Width(), sps.Height()), h264.IsRandomAccess(unit)}, nil
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	url, err := base.ParseURL(os.Args[1])
	if err != nil {
		fail(err)
	}
	protocol, known := protocols[os.Args[2]]
	if !known {
		fail(fmt.Errorf("no such protocol: %s", os.Args[2]))
	}
	wanted, err := strconv.Atoi(os.Args[3])
	if err != nil {
		fail(err)
	}
	ended := make(chan error, 1)
	end := func(err error) {
		select {
		case ended <- err:
		default:
		}
	}
	client := gortsplib.Client{
		Scheme:            url.Scheme,
		Host:              url.Host,
		Protocol:          &protocol,
		OnPacketsLost:     func(lost uint64) { end(fmt.Errorf("%d packets lost", lost)) },
		OnDecodeError:     func(err error) { end(err) },
		OnTransportSwitch: func(err error) { end(err) },
	}
	if err := client.Start(); err != nil {
		fail(err)
	}
	session, _, err := client.Describe(url)
	if err != nil {
		fail(err)
	}
	media, form, decode := video(session)
	if _, err := client.Setup(session.BaseURL, media, 0, 0); err != nil {
		fail(err)
	}
	frames, begun := 0, false
	client.OnPacketRTP(media, form, func(packet *rtp.Packet) {
		// Counts on from what it was shown before: of each packet.
		time, there := client.PacketPTS(media, packet)
		made, err := decode(packet)
		// Whoever joins a group comes in the middle of a picture.
		if err != nil && begun {
			end(err)
		}
		if err != nil || made == nil || frames >= wanted {
			return
		}
		// Times begin with a key frame, which comes later to whoever joins a group that is being sent.
		if !there && !begun && os.Args[2] == "multicast" {
			return
		}
		begun = true
		if !there {
			end(errors.New("a picture without a time"))
			return
		}
		kind := "-"
		if made.key {
			kind = "key"
		}
		fmt.Printf("frame %d %s %s\n", time, made.size, kind)
		if frames++; frames == wanted {
			end(nil)
		}
	})
	if _, err := client.Play(nil); err != nil {
		fail(err)
	}
	go func() { end(client.Wait()) }()
	go func() {
		time.Sleep(30 * time.Second)
		end(fmt.Errorf("only %d pictures in 30 s", frames))
	}()
	err = <-ended
	client.Close()
	if err != nil {
		fail(err)
	}
}
