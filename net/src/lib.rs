//! Connects incamera meetings to a relay: the log by WebSocket, media by WebRTC.
//!
//! [`incamera`] opens no socket and reads no clock; this crate does, for programs that run on tokio. A
//! [`Call`] is a meeting, its connection and its clock, driven by a task of its own; [`Events`] tell what
//! happens. When the connection goes it is made anew, with longer and longer waits; what had not been
//! accepted is posted again under the same ids, and the meeting fetches what it missed.
//!
//! ```no_run
//! use incamera::{Event, Identity, Settings, Track};
//! use incamera_net::{Call, CallEvent, Options, Relay};
//!
//! # async fn host(vp8_frame: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let relay = Relay::parse("https://relay.example:7443")?.with_pin(&"0f".repeat(32))?;
//! let ada = Identity::generate("Ada")?;
//! let (call, mut events) = Call::create(&ada, Settings::MEETING, relay, Options::default()).await?;
//! println!("{}", call.link().await?);                     // to send to those who shall knock
//! let mut camera = call.send(Track::CAMERA, incamera::Codec::Vp8).await?;
//! while let Some(event) = events.recv().await {
//!     match event {
//!         CallEvent::Meeting(Event::Knock { knock, .. }) => call.admit(knock).await?,
//!         CallEvent::MediaConnected => camera.write(vp8_frame.clone(), 0).await?,
//!         CallEvent::Frame(frame) => println!("{} bytes of {:?}", frame.data.len(), frame.member),
//!         CallEvent::Disconnected { why, retry_in } => println!("{why}; again in {retry_in:?}"),
//!         CallEvent::Ended(why) => println!("over: {why:?}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Joining is [`Link::parse`] and [`Call::join`]; after a crash, [`Call::restore`] takes up again what
//! [`Options::save`] stored. Whatever of a [`Meeting`](incamera::Meeting) has no method here is asked of it by
//! [`Call::with`].
//!
//! # Links
//!
//! `https://HOST:PORT/#INVITE&pin=SHA256` is a meeting at a relay: see [`Link`]. What follows the `#` is
//! sent to no server.
//!
//! # Whose certificate
//!
//! The meeting does not depend on the connection's encryption: that hides from the network what the relay sees.
//! A relay's certificate is pinned by its SHA-256, or has the host's name under root certificates that
//! the program gives; this crate brings none. That the other end has the certificate's key is checked
//! either way, and nothing is sent to a relay of which neither is known. Unencrypted connections are for relays on
//! this machine, behind a proxy or in tests.
//!
//! # Where media go
//!
//! Whoever creates a meeting lists its relay in the meeting's rules ([`Options::list_relay`]). Then no client
//! seals a frame before the relay has proved, over the media connection, that it is that one
//! ([`CallEvent::RelayProved`]).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate does input and output: it reads clocks and runs tasks"
)]

mod call;
mod line;
mod media;
mod relay;

pub use call::{
    Call, CallError, CallEvent, Ending, Events, Frame, Options, Save, TrackSender, now,
};
pub use line::{Dropped, certificate_of};
pub use relay::{AddressError, Link, LinkError, Relay};
