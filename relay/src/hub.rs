//! The connections of this process, by their transports: so that one can end another's.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use incamera_wire::{MeetingId, TransportId};
use tokio::sync::oneshot;

/// Tokens that may be barred at once: the ones that expire first go first.
const BARRED: usize = 100_000;

/// All connections past Hello.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    transports: HashMap<TransportId, Connected>,
    /// Until when (seconds since 1970) a meeting is closed to a token's name.
    barred: HashMap<(MeetingId, String), u64>,
}

#[derive(Debug)]
struct Connected {
    meeting: MeetingId,
    token: Option<Token>,
    end: Option<oneshot::Sender<()>>,
}

/// What is kept of a connection's token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Its name.
    pub(crate) jti: String,
    /// When it expires, in seconds since 1970.
    pub(crate) exp: u64,
}

impl Hub {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection; what is returned hears when somebody ends it.
    pub(crate) fn add(
        &self,
        transport: TransportId,
        meeting: MeetingId,
        token: Option<Token>,
    ) -> oneshot::Receiver<()> {
        let (end, ended) = oneshot::channel();
        let connected = Connected { meeting, token, end: Some(end) };
        self.known().transports.insert(transport, connected);
        ended
    }

    /// Takes a connection away.
    pub(crate) fn remove(&self, transport: TransportId) {
        self.known().transports.remove(&transport);
    }

    /// Ends a connection of this meeting, and bars its token from the meeting for as long as it
    /// is valid. False: there is none such.
    pub(crate) fn end(&self, transport: TransportId, meeting: MeetingId, now: u64) -> bool {
        let mut known = self.known();
        let found = known.transports.get_mut(&transport).filter(|it| it.meeting == meeting);
        let Some(connected) = found else { return false };
        if let Some(end) = connected.end.take() {
            // A connection that has just ended by itself is ended too.
            let _ = end.send(());
        }
        if let Some(Token { jti, exp }) = connected.token.clone() {
            known.bar(meeting, jti, exp, now);
        }
        true
    }

    /// Whether a token is barred from a meeting.
    pub(crate) fn is_barred(&self, meeting: MeetingId, jti: &str, now: u64) -> bool {
        let known = self.known();
        known.barred.get(&(meeting, jti.to_owned())).is_some_and(|until| now < *until)
    }
}

impl Known {
    fn bar(&mut self, meeting: MeetingId, jti: String, exp: u64, now: u64) {
        if self.barred.len() >= BARRED {
            self.barred.retain(|_, until| now < *until);
        }
        if self.barred.len() >= BARRED {
            let first = self.barred.iter().min_by_key(|(_, until)| **until);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.barred.remove(&first);
            }
        }
        self.barred.insert((meeting, jti), exp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: MeetingId = MeetingId::new([1; 16]);
    const THERE: MeetingId = MeetingId::new([2; 16]);
    const WHO: TransportId = TransportId::new([3; 16]);

    fn token() -> Option<Token> {
        Some(Token { jti: "a".to_owned(), exp: 100 })
    }

    #[test]
    fn who_is_ended_hears_it_and_stays_out_until_the_token_expires() {
        let hub = Hub::default();
        let mut ended = hub.add(WHO, HERE, token());
        assert!(ended.try_recv().is_err());
        assert!(hub.end(WHO, HERE, 10));
        assert!(ended.try_recv().is_ok());
        assert!(hub.is_barred(HERE, "a", 99));
        assert!(!hub.is_barred(HERE, "a", 100));
        assert!(!hub.is_barred(HERE, "b", 50));
        assert!(!hub.is_barred(THERE, "a", 50));
    }

    #[test]
    fn a_transport_of_another_meeting_is_not_ended() {
        let hub = Hub::default();
        let mut ended = hub.add(WHO, HERE, token());
        assert!(!hub.end(WHO, THERE, 10));
        assert!(ended.try_recv().is_err());
        assert!(!hub.is_barred(HERE, "a", 50));
        hub.remove(WHO);
        assert!(!hub.end(WHO, HERE, 10));
    }
}
