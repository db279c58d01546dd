//! A track that an application sends.

use incamera::Track;
use tokio::sync::mpsc;

use super::driver::{Command, Driver};
use super::ending::CallError;
use crate::media::{MediaLink, OutgoingFrame};

/// Sends one track of this client's. It is announced to the others while it lives.
pub struct TrackSender {
    link: MediaLink,
    track: Track,
    commands: mpsc::WeakSender<Command>,
}

impl TrackSender {
    pub(super) fn new(link: MediaLink, track: Track, commands: mpsc::WeakSender<Command>) -> Self {
        Self { link, track, commands }
    }

    /// Which track it is.
    #[must_use]
    pub fn track(&self) -> Track {
        self.track
    }

    /// Seals and sends a frame as its encoder gave it: an Opus packet, a VP8 frame, a temporal unit of AV1
    /// in the low-overhead format, an access unit of H.264 in Annex B form. `time` counts the codec's
    /// clock: 1/90,000 s for pictures, 1/48,000 s for Opus. Waits while many others wait. A frame that
    /// cannot be sent now is dropped: [`CallEvent::NotSent`](crate::CallEvent::NotSent).
    ///
    /// # Errors
    /// [`CallError::Over`].
    pub async fn write(&mut self, frame: Vec<u8>, time: u64) -> Result<(), CallError> {
        self.write_layer(None, frame, time).await
    }

    /// As [`write`](Self::write), for a track that is sent in several layers.
    ///
    /// # Errors
    /// [`CallError::Over`].
    pub async fn write_layer(
        &mut self,
        layer: Option<&str>,
        data: Vec<u8>,
        time: u64,
    ) -> Result<(), CallError> {
        let (track, layer) = (self.track, layer.map(str::to_owned));
        let written = self.link.write(OutgoingFrame { track, data, time, layer }).await;
        written.map_err(|_| CallError::Over)
    }
}

impl Drop for TrackSender {
    fn drop(&mut self) {
        let track = self.track;
        if let Some(commands) = self.commands.upgrade() {
            let stop: Command = Box::new(move |driver: &mut Driver, _| driver.media().stop(track));
            if commands.try_send(stop).is_ok() {
                return;
            }
        }
        // The call has ended, or is busy: then the others hear of it by silence.
        let _ = self.link.stop_track(track);
    }
}

impl core::fmt::Debug for TrackSender {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TrackSender").field("track", &self.track).finish_non_exhaustive()
    }
}
