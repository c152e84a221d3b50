//! Plays a stream with every time stamp enforced: `strict-client URL USER PASSWORD tcp|udp require|ignore FRAMES`.
//!
//! Prints a line for each frame, "frame TICKS SEQUENCE_LOSS key|-", and one for each sender report, "report TICKS NTP": ticks
//! of 90 kHz since the rtptime that PLAY's answer named (`ignore`: since the first time that comes), NTP in units of 2^-32 s. Ends with 0 after that many frames, and with 1
//! and the library's own words at the first thing that it refuses.

use std::error::Error;
use std::num::NonZeroU32;

use futures::StreamExt;
use retina::client::{
    Credentials, InitialSequenceNumberPolicy, InitialTimestampPolicy, PlayOptions, Session, SessionOptions, SetupOptions,
    TcpTransportOptions, Transport, UdpTransportOptions, UnknownRtcpSsrcPolicy,
};
use retina::codec::CodecItem;

/// Seconds; Moonfire NVR has the same.
const MAX_JUMP: NonZeroU32 = NonZeroU32::new(10).unwrap();

async fn play(url: &str, username: String, password: String, transport: Transport, initial: InitialTimestampPolicy, frames: usize) -> Result<(), Box<dyn Error>> {
    let options = SessionOptions::default().creds(Some(Credentials { username, password }));
    let mut session = Session::describe(url::Url::parse(url)?, options).await?;
    session.setup(0, SetupOptions::default().transport(transport)).await?;
    let policy = PlayOptions::default()
        .initial_timestamp(initial)
        .initial_seq(InitialSequenceNumberPolicy::Respect)
        .unknown_rtcp_ssrc(UnknownRtcpSsrcPolicy::AbortSession)
        .enforce_timestamps_with_max_jump_secs(MAX_JUMP);
    let mut items = session.play(policy).await?.demuxed()?;
    let mut got = 0;
    while got < frames {
        match items.next().await.ok_or("the stream ended")?? {
            CodecItem::VideoFrame(frame) => {
                got += 1;
                let key = if frame.is_random_access_point() { "key" } else { "-" };
                println!("frame {} {} {key}", frame.timestamp().elapsed(), frame.loss());
            }
            CodecItem::Rtcp(packet) => {
                if let Some(report) = packet.pkts().find_map(|each| each.as_sender_report().ok().flatten()) {
                    let time = packet.rtp_timestamp().ok_or("a report without a time")?;
                    println!("report {} {}", time.elapsed(), report.ntp_timestamp().0);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, user, password, transport, initial, frames] = &words[..] else {
        return Err("URL USER PASSWORD tcp|udp require|ignore FRAMES".into());
    };
    let transport = match transport.as_str() {
        "udp" => Transport::Udp(UdpTransportOptions::default()),
        _ => Transport::Tcp(TcpTransportOptions::default()),
    };
    play(url, user.clone(), password.clone(), transport, initial.parse()?, frames.parse()?).await
}
