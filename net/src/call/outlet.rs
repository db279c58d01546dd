//! Where events go out: a bounded channel, and a backlog while it is full.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::event::{CallEvent, Events};

/// The most events that wait for the application.
const MAX_WAITING: usize = 1024;
/// How much of it is not for frames.
const RESERVED: usize = 256;
/// From how many events on behind those the relay is no longer read.
const MAX_BACKLOG: usize = 64;

/// The driver's end of [`Events`].
pub(super) struct Outlet {
    sender: mpsc::Sender<CallEvent>,
    backlog: VecDeque<CallEvent>,
}

impl Outlet {
    pub(super) fn new() -> (Self, Events) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self { sender, backlog: VecDeque::new() }, Events(receiver))
    }

    /// Tells; nothing is lost as long as somebody listens.
    pub(super) fn tell(&mut self, event: CallEvent) {
        self.backlog.push_back(event);
        self.flush();
    }

    /// Tells, if there is much room: what is of use now alone.
    pub(super) fn offer(&mut self, event: CallEvent) {
        if self.backlog.is_empty() && self.sender.capacity() > RESERVED {
            // Nobody listens any more, at worst.
            let _ = self.sender.try_send(event);
        }
    }

    /// Whether the application is so far behind that nothing more should be read for it.
    pub(super) fn is_full(&self) -> bool {
        self.backlog.len() >= MAX_BACKLOG
    }

    /// Waits until there is room for what waits; for ever if nothing does.
    pub(super) async fn room(&self) {
        if self.backlog.is_empty() {
            core::future::pending::<()>().await;
        }
        // What is reserved is given back at once: `flush` follows, and nobody else sends.
        drop(self.sender.reserve().await);
    }

    /// Hands over what waits, as far as there is room.
    pub(super) fn flush(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            match self.sender.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    return;
                }
                // Nobody listens any more.
                Err(mpsc::error::TrySendError::Closed(_)) => self.backlog.clear(),
            }
        }
    }

    /// Hands over everything, with this at the end.
    pub(super) async fn close(self, last: CallEvent) {
        for event in self.backlog.into_iter().chain([last]) {
            // An error: nobody listens any more.
            let _ = self.sender.send(event).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(posts: u64) -> CallEvent {
        CallEvent::GivenUp { posts }
    }

    async fn next(events: &mut Events) -> u64 {
        match events.recv().await {
            Some(CallEvent::GivenUp { posts }) => posts,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn whoever_is_slow_gets_everything_in_order() {
        let (mut outlet, mut events) = Outlet::new();
        let all = MAX_WAITING as u64 + 200;
        (0..all).for_each(|number| outlet.tell(numbered(number)));
        assert!(outlet.is_full());
        for number in 0..150 {
            assert_eq!(next(&mut events).await, number);
        }
        outlet.room().await;
        outlet.flush();
        assert!(!outlet.is_full());
        let close = outlet.close(numbered(all));
        let rest = async {
            for number in 150..=all {
                assert_eq!(next(&mut events).await, number);
            }
            assert!(events.recv().await.is_none());
        };
        tokio::join!(close, rest);
    }

    #[tokio::test]
    async fn nobody_who_listens_is_no_reason_to_keep_anything() {
        let (mut outlet, events) = Outlet::new();
        drop(events);
        (0..5000).for_each(|number| outlet.tell(numbered(number)));
        assert!(!outlet.is_full());
        outlet.close(numbered(0)).await;
    }
}
