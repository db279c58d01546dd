//! What passes between the meeting and the media link; the link's part is played by the test.

use incamera::wire::AnnouncedFraming;
use incamera::{AnnouncedTrack, Codec, Framing, MemberId, Track};

use super::fake::{Fake, listed};
use super::{meeting, wait};
use crate::call::{Call, CallEvent};
use crate::media::{Closed, IncomingFrame, MediaEvent};

async fn say(call: &Call, event: MediaEvent) {
    call.on_driver(move |driver, _| driver.media_said(event)).await.unwrap();
}

fn frame(member: MemberId) -> MediaEvent {
    let (track, relay_track) = (Track::CAMERA, "0/1".to_owned());
    MediaEvent::Frame(IncomingFrame {
        member,
        track,
        layer: None,
        data: vec![7],
        time: 9,
        relay_track,
    })
}

async fn ada(of: &Call) -> MemberId {
    let roster = of.roster().await.unwrap();
    roster.iter().find(|member| member.name == "Ada").unwrap().member
}

fn framed(event: CallEvent) -> Option<Option<Codec>> {
    if let CallEvent::Frame(frame) = event { Some(frame.codec) } else { None }
}

#[tokio::test]
async fn a_frame_comes_with_the_codec_that_its_sender_announced() {
    let (_, relay) = Fake::start().await;
    let ((host, _host_events), (guest, mut events)) = meeting(&relay).await;
    let ada = ada(&guest).await;
    say(&guest, frame(ada)).await;
    assert_eq!(wait(&mut events, framed).await, None);
    let framing = AnnouncedFraming::WebRtc;
    let (codec, transport) = ("VP8".to_owned(), "0/1".to_owned());
    let track = AnnouncedTrack { track: Track::CAMERA, codec, framing, transport, muted: false };
    let announced = host.with(|meeting, now| meeting.announce(vec![track], now)).await;
    announced.unwrap().unwrap();
    let tracks = |event| match event {
        CallEvent::Meeting(incamera::Event::Tracks { member, .. }) => Some(member),
        _ => None,
    };
    assert_eq!(wait(&mut events, tracks).await, ada);
    say(&guest, frame(ada)).await;
    assert_eq!(wait(&mut events, framed).await, Some(Codec::Vp8));
}

#[tokio::test]
async fn a_key_frame_that_a_member_asks_for_is_wanted() {
    let (_, relay) = Fake::start().await;
    let ((host, mut events), (guest, _guest_events)) = meeting(&relay).await;
    let sealer = host.with(|meeting, _| meeting.sealer(Track::CAMERA, Framing::Whole)).await;
    let _sealer = sealer.unwrap().unwrap();
    let ada = ada(&guest).await;
    let asked = guest.with(move |meeting, now| meeting.request_key_frame(ada, Track::CAMERA, now));
    asked.await.unwrap().unwrap();
    let wanted = |event| match event {
        CallEvent::KeyFrameWanted { track, .. } => Some(track),
        _ => None,
    };
    assert_eq!(wait(&mut events, wanted).await, Track::CAMERA);
}

#[tokio::test]
async fn a_listed_relay_proves_itself_over_the_media_connection() {
    let (_, relay) = Fake::start().await;
    let ((host, mut host_events), (guest, mut events)) = meeting(&relay).await;
    say(&guest, MediaEvent::Connected { certificate_sha256: [3; 32] }).await;
    let listing = host.with(|meeting, now| meeting.set_relays(vec![listed()], now)).await;
    listing.unwrap().unwrap();
    let proved = |event| match event {
        CallEvent::RelayProved { region } => Some(region),
        _ => None,
    };
    assert_eq!(wait(&mut events, proved).await, "Iceland", "once the rules say so");
    say(&host, MediaEvent::Connected { certificate_sha256: [4; 32] }).await;
    assert_eq!(wait(&mut host_events, proved).await, "Iceland", "once media are connected");
    // A relay that is none of the meeting's.
    let mut other = listed();
    other.key = [9; 32];
    let listing = host.with(|meeting, now| meeting.set_relays(vec![other], now)).await;
    listing.unwrap().unwrap();
    let refused = |event| matches!(event, CallEvent::RelayNotProved { .. }).then_some(());
    wait(&mut host_events, refused).await;
    wait(&mut events, refused).await;
}

#[tokio::test]
async fn each_media_connection_waits_for_its_own_proof() {
    // SPEC [M13]
    let (_, relay) = Fake::start().await;
    let ((host, mut events), _guest) = meeting(&relay).await;
    let trusts = || async { host.on_driver(|driver, _| driver.media().trusts()).await.unwrap() };
    let proved = |event| matches!(event, CallEvent::RelayProved { .. }).then_some(());
    assert!(!trusts().await);
    say(&host, MediaEvent::Connected { certificate_sha256: [3; 32] }).await;
    assert!(trusts().await, "no relays are listed");
    host.with(|meeting, now| meeting.set_relays(vec![listed()], now)).await.unwrap().unwrap();
    wait(&mut events, proved).await;
    assert!(trusts().await);
    say(&host, MediaEvent::Closed(Closed::Unreachable)).await;
    assert!(!trusts().await);
    // In one go: what the relay answers comes later.
    let connected = host.on_driver(|driver, _| {
        driver.media_said(MediaEvent::Connected { certificate_sha256: [4; 32] });
        driver.media().trusts()
    });
    assert!(!connected.await.unwrap(), "a proof for another connection does not count");
    wait(&mut events, proved).await;
    assert!(trusts().await);
}

#[tokio::test]
async fn a_media_connection_that_goes_is_told_and_made_anew() {
    let (_, relay) = Fake::start().await;
    let ((host, mut events), _guest) = meeting(&relay).await;
    say(&host, MediaEvent::Connected { certificate_sha256: [3; 32] }).await;
    say(&host, MediaEvent::Closed(Closed::Unreachable)).await;
    let lost = |event| matches!(event, CallEvent::MediaLost { .. }).then_some(());
    wait(&mut events, lost).await;
    let due = || host.on_driver(|driver, _| driver.media().due());
    assert!(due().await.unwrap().is_some());
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    assert_eq!(due().await.unwrap(), None, "it has begun anew");
}
