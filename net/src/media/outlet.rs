//! The way out for events.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::face::MediaEvent;

/// Events on their way to whoever takes them.
pub(super) struct Outlet {
    said: mpsc::Sender<MediaEvent>,
    /// What has to arrive, and for which there was no room.
    waiting: VecDeque<MediaEvent>,
}

impl Outlet {
    pub(super) fn new(said: mpsc::Sender<MediaEvent>) -> Self {
        Self { said, waiting: VecDeque::new() }
    }

    /// Says what has to arrive.
    pub(super) fn tell(&mut self, event: MediaEvent) {
        self.waiting.push_back(event);
        self.flush();
    }

    /// Says what nobody misses; false if it was dropped because there is no room.
    pub(super) fn offer(&mut self, event: MediaEvent) -> bool {
        self.waiting.is_empty() && self.said.try_send(event).is_ok()
    }

    /// Whether something waits for room.
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Requests that wait are about what is no more.
    pub(super) fn forget_requests(&mut self) {
        self.waiting.retain(|event| !matches!(event, MediaEvent::Request(_)));
    }

    /// Hands on what waits, as far as there is room.
    fn flush(&mut self) {
        while !self.waiting.is_empty()
            && let Ok(permit) = self.said.try_reserve()
            && let Some(event) = self.waiting.pop_front()
        {
            permit.send(event);
        }
    }

    /// Waits for room for what waits, and fills it; false if nobody listens any more.
    pub(super) async fn room(&mut self) -> bool {
        match self.said.reserve().await {
            // It is for the first of what waits.
            Ok(permit) => drop(permit),
            Err(_) => return false,
        }
        self.flush();
        true
    }
}
