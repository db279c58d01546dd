//! Posts that the relay has not taken yet: sent again on the next connection, under the same id.

use std::collections::VecDeque;

use incamera::Destination;
use incamera::wire::{MessageId, ToServer};

/// The most posts that wait.
const MAX_POSTS: usize = 1024;
/// The most bytes that wait: two of the largest posts, and what a meeting says besides.
const MAX_BYTES: usize = 48 << 20;
/// After how many milliseconds a post is given up. What must arrive, the meeting posts again.
const MAX_AGE_MS: u64 = 120_000;

/// When to send a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// From this time on.
    At(u64),
    /// It is on its way on this connection.
    Sent,
}

#[derive(Debug)]
struct Post {
    id: MessageId,
    to: Destination,
    bytes: Vec<u8>,
    posted_ms: u64,
    due: Due,
}

/// What was posted and not yet accepted.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    posts: VecDeque<Post>,
    bytes: usize,
    dropped: u64,
}

impl Outbox {
    /// Takes a post. One under an id that waits already is the same one: it is sent again, unless
    /// the relay has asked to wait. The oldest give way to the newest.
    pub(crate) fn post(&mut self, id: MessageId, to: Destination, bytes: Vec<u8>, now_ms: u64) {
        if let Some(known) = self.posts.iter_mut().find(|post| post.id == id) {
            if known.due == Due::Sent {
                known.due = Due::At(now_ms);
            }
            known.posted_ms = now_ms;
            return;
        }
        self.bytes += bytes.len();
        self.posts.push_back(Post { id, to, bytes, posted_ms: now_ms, due: Due::At(now_ms) });
        let old = |post: &Post| now_ms >= post.posted_ms.saturating_add(MAX_AGE_MS);
        while self.posts.len() > MAX_POSTS
            || self.bytes > MAX_BYTES && self.posts.len() > 1
            || self.posts.front().is_some_and(old)
        {
            let Some(post) = self.posts.pop_front() else { break };
            self.bytes -= post.bytes.len();
            self.dropped += 1;
        }
    }

    /// The next post to send; it is on its way then.
    pub(crate) fn next(&mut self, now_ms: u64) -> Option<ToServer> {
        let is_due = |post: &&mut Post| matches!(post.due, Due::At(at_ms) if at_ms <= now_ms);
        let post = self.posts.iter_mut().find(is_due)?;
        post.due = Due::Sent;
        Some(ToServer::Post { id: post.id, to: post.to, bytes: post.bytes.clone() })
    }

    /// When the next post is due, if there is one that is not on its way.
    pub(crate) fn due(&self) -> Option<u64> {
        let at = |post: &Post| if let Due::At(at_ms) = post.due { Some(at_ms) } else { None };
        self.posts.iter().filter_map(at).min()
    }

    /// The relay has it.
    pub(crate) fn accepted(&mut self, id: MessageId) {
        self.take(id);
    }

    /// The relay has refused it: it is sent again after that time, or never if the time is 0. Whether
    /// it is one that waits.
    pub(crate) fn refused(&mut self, id: MessageId, retry_after_ms: u32, now_ms: u64) -> bool {
        let Some(post) = self.posts.iter_mut().find(|post| post.id == id) else { return false };
        post.due = Due::At(now_ms.saturating_add(retry_after_ms.into()));
        if retry_after_ms == 0 {
            self.take(id);
        }
        true
    }

    /// The connection has gone: whatever was on its way is to be sent again.
    pub(crate) fn lost(&mut self, now_ms: u64) {
        for post in self.posts.iter_mut().filter(|post| post.due == Due::Sent) {
            post.due = Due::At(now_ms);
        }
    }

    /// How many posts were given up for room or age, since the last call.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// Whether nothing waits.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }

    fn take(&mut self, id: MessageId) {
        if let Some(place) = self.posts.iter().position(|post| post.id == id)
            && let Some(post) = self.posts.remove(place)
        {
            self.bytes -= post.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u16) -> MessageId {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [0; 16];
        (bytes[0], bytes[1]) = (high, low);
        MessageId::new(bytes)
    }

    fn outbox(ids: impl IntoIterator<Item = u16>) -> Outbox {
        let mut outbox = Outbox::default();
        ids.into_iter().for_each(|number| outbox.post(id(number), Destination::Log, vec![7], 0));
        outbox
    }

    fn sent(outbox: &mut Outbox, now_ms: u64) -> Vec<MessageId> {
        let sent = std::iter::from_fn(|| outbox.next(now_ms));
        let id = |message| if let ToServer::Post { id, .. } = message { id } else { panic!() };
        sent.map(id).collect()
    }

    #[test]
    fn posts_go_once_in_their_order_and_wait_for_the_receipt() {
        let mut outbox = outbox(0..3);
        assert_eq!(outbox.due(), Some(0));
        assert_eq!(sent(&mut outbox, 0), [id(0), id(1), id(2)]);
        assert_eq!((sent(&mut outbox, 9_999), outbox.due()), (vec![], None));
        outbox.accepted(id(1));
        outbox.accepted(id(9));
        outbox.lost(10_000);
        assert_eq!(sent(&mut outbox, 10_000), [id(0), id(2)], "again, under the same ids");
        outbox.accepted(id(0));
        outbox.accepted(id(2));
        outbox.lost(11_000);
        assert!(outbox.is_empty() && outbox.bytes == 0);
    }

    #[test]
    fn a_refused_post_goes_again_when_the_relay_says_or_never() {
        let mut outbox = outbox(0..2);
        sent(&mut outbox, 0);
        assert!(outbox.refused(id(0), 500, 100));
        assert!(outbox.refused(id(1), 0, 100));
        assert!(!outbox.refused(id(1), 0, 100), "it is given up");
        assert!(!outbox.refused(id(7), 500, 100), "unknown");
        assert_eq!(outbox.due(), Some(600));
        // The meeting asks for it meanwhile, and the connection goes: the relay's word counts.
        outbox.post(id(0), Destination::Log, vec![7], 300);
        outbox.lost(300);
        assert_eq!(sent(&mut outbox, 599), []);
        assert_eq!(sent(&mut outbox, 600), [id(0)]);
    }

    #[test]
    fn a_post_that_the_meeting_repeats_is_sent_again_and_kept_once() {
        let mut outbox = outbox([1, 1]);
        assert_eq!(sent(&mut outbox, 0), [id(1)]);
        outbox.post(id(1), Destination::Log, vec![7], 50);
        assert_eq!(sent(&mut outbox, 50), [id(1)]);
        outbox.accepted(id(1));
        assert!(outbox.is_empty() && outbox.bytes == 0);
    }

    #[test]
    fn number_bytes_and_age_are_bounded_and_the_oldest_go() {
        let mut outbox = outbox(0..1500);
        assert_eq!((outbox.posts.len(), outbox.take_dropped()), (MAX_POSTS, 1500 - 1024));
        assert_eq!(outbox.next(0).is_some(), outbox.posts[0].id == id(1500 - 1024));
        for number in 2000..2010 {
            outbox.post(id(number), Destination::Lobby, vec![0; 16 << 20], 1);
        }
        assert!(outbox.bytes <= MAX_BYTES && outbox.posts.len() == 3);
        outbox.post(id(3000), Destination::Lobby, vec![0], 1 + MAX_AGE_MS);
        assert_eq!((outbox.posts.len(), outbox.bytes), (1, 1));
    }

    proptest! {
        #[test]
        fn every_post_is_accepted_given_up_or_sent_again(
            steps in proptest::collection::vec((0..5u8, 0..6u16, 0..3u64), 0..200),
        ) {
            let (mut outbox, mut now) = (Outbox::default(), 0);
            let mut waiting = std::collections::HashSet::new();
            for (step, number, later) in steps {
                now += later * 10;
                match step {
                    0 => {
                        outbox.post(id(number), Destination::Log, vec![0; number.into()], now);
                        waiting.insert(id(number));
                    }
                    1 => {
                        outbox.accepted(id(number));
                        waiting.remove(&id(number));
                    }
                    2 => outbox.lost(now),
                    3 => {
                        let after = u32::from(number % 2) * 20;
                        let known = outbox.refused(id(number), after, now);
                        prop_assert_eq!(known, waiting.contains(&id(number)));
                        if after == 0 {
                            waiting.remove(&id(number));
                        }
                    }
                    _ => prop_assert!(sent(&mut outbox, now).iter().all(|id| waiting.contains(id))),
                }
                let bytes: usize = outbox.posts.iter().map(|post| post.bytes.len()).sum();
                prop_assert_eq!(outbox.bytes, bytes);
            }
            outbox.lost(now);
            let again: std::collections::HashSet<_> = sent(&mut outbox, now + 1_000).into_iter().collect();
            prop_assert_eq!(again, waiting);
        }
    }
}
