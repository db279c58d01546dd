//! Calls over a small relay inside of the test, which fails as it is told.

mod fake;
mod media;

use std::time::Duration;

use incamera::wire::RefusalReason;
use incamera::{Event, Identity, Settings};
use tokio::time::timeout;

use super::{Call, CallError, CallEvent, Ending, Events, Options};
use crate::relay::Relay;
use fake::{Fake, Fault};

/// The next event that is wanted, within ten seconds.
async fn wait<T>(events: &mut Events, mut wanted: impl FnMut(CallEvent) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the call has not ended");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    timeout(Duration::from_secs(10), found).await.expect("it comes in time")
}

fn joined(event: CallEvent) -> Option<()> {
    matches!(event, CallEvent::Meeting(Event::Joined)).then_some(())
}

fn chat(event: CallEvent) -> Option<String> {
    if let CallEvent::Meeting(Event::Chat { text, .. }) = event { Some(text) } else { None }
}

/// Ada's meeting, with Ben in it.
async fn meeting(relay: &Relay) -> ((Call, Events), (Call, Events)) {
    let [ada, ben] = ["Ada", "Ben"].map(|name| Identity::generate(name).unwrap());
    let options = Options::default();
    let host = Call::create(&ada, Settings::default(), relay.clone(), options.clone()).await;
    let (host, mut host_events) = host.unwrap();
    wait(&mut host_events, joined).await;
    let invite = host.link().await.unwrap().invite;
    let guest = Call::join(&ben, &invite, relay.clone(), options).await;
    let (guest, mut guest_events) = guest.unwrap();
    let knocks = |event| match event {
        CallEvent::Meeting(Event::Knock { knock, .. }) => Some(knock),
        _ => None,
    };
    host.admit(wait(&mut host_events, knocks).await).await.unwrap();
    wait(&mut guest_events, joined).await;
    ((host, host_events), (guest, guest_events))
}

#[tokio::test]
async fn two_meet_talk_and_part() {
    let (_, relay) = Fake::start().await;
    let ((host, mut host_events), (guest, mut guest_events)) = meeting(&relay).await;
    guest.chat("hello").await.unwrap();
    assert_eq!(wait(&mut host_events, chat).await, "hello");
    assert_eq!(host.roster().await.unwrap().len(), 2);
    let codes = (host.safety_code().await.unwrap(), guest.safety_code().await.unwrap());
    assert_eq!(codes.0.to_string(), codes.1.to_string());
    guest.leave().await.unwrap();
    let ended = |event| if let CallEvent::Ended(ending) = event { Some(ending) } else { None };
    assert!(matches!(wait(&mut guest_events, ended).await, Ending::Left));
    assert!(guest_events.recv().await.is_none());
    assert!(matches!(guest.chat("?").await, Err(CallError::Over)));
    let gone = |event| matches!(event, CallEvent::Meeting(Event::Gone { .. })).then_some(());
    wait(&mut host_events, gone).await;
}

#[tokio::test]
async fn a_post_survives_the_connection_and_counts_once() {
    for fault in [Fault::Lose, Fault::Forget] {
        let (fake, relay) = Fake::start().await;
        let ((_host, mut host_events), (guest, mut guest_events)) = meeting(&relay).await;
        fake.fail(fault);
        // Whoever posts next loses its connection, be it by a heartbeat.
        guest.chat("once").await.unwrap();
        guest.chat("twice").await.unwrap();
        assert_eq!(wait(&mut host_events, chat).await, "once");
        assert_eq!(wait(&mut host_events, chat).await, "twice");
        assert_eq!(wait(&mut guest_events, chat).await, "once");
        assert_eq!(wait(&mut guest_events, chat).await, "twice");
        let more = timeout(Duration::from_millis(500), wait(&mut host_events, chat)).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test]
async fn a_refused_post_is_told_and_posted_again() {
    let (fake, relay) = Fake::start().await;
    let ((host, mut host_events), (_guest, mut guest_events)) = meeting(&relay).await;
    fake.fail(Fault::Refuse { retry_after_ms: 50 });
    host.chat("in the end").await.unwrap();
    let refused = |event| match event {
        CallEvent::Refused(refusal) => Some(refusal.retry_after_ms),
        _ => None,
    };
    assert_eq!(wait(&mut host_events, refused).await, 50);
    assert_eq!(wait(&mut guest_events, chat).await, "in the end");
}

#[tokio::test]
async fn a_relay_that_turns_away_for_a_while_is_come_back_to() {
    let (fake, relay) = Fake::start().await;
    let ((host, mut host_events), _guest) = meeting(&relay).await;
    fake.turn_away(RefusalReason::Draining, 100);
    let lost = |event| matches!(event, CallEvent::Disconnected { .. }).then_some(());
    wait(&mut host_events, lost).await;
    fake.0.lock().unwrap().turns_away = None;
    host.chat("still here").await.unwrap();
    let back = |event| matches!(event, CallEvent::Reconnected).then_some(());
    wait(&mut host_events, back).await;
    assert_eq!(wait(&mut host_events, chat).await, "still here");
}

#[tokio::test]
async fn a_relay_that_does_not_want_one_ends_the_call() {
    let (fake, relay) = Fake::start().await;
    let (_host, (_guest, mut guest_events)) = meeting(&relay).await;
    fake.turn_away(RefusalReason::Ended, 0);
    let ended = |event| if let CallEvent::Ended(ending) = event { Some(ending) } else { None };
    let ending = wait(&mut guest_events, ended).await;
    assert!(matches!(ending, Ending::Refused(refusal) if refusal.reason == RefusalReason::Ended));
    fake.turn_away(RefusalReason::Unauthorized, 0);
    let eve = Identity::generate("Eve").unwrap();
    let refused = Call::create(&eve, Settings::default(), relay, Options::default()).await;
    assert!(matches!(refused, Err(CallError::Refused(_))));
}

#[tokio::test]
async fn without_a_connection_the_call_ends_when_it_was_told_to() {
    let (fake, relay) = Fake::start().await;
    let options = Options { give_up_after: Some(Duration::from_millis(300)), ..Options::default() };
    let ada = Identity::generate("Ada").unwrap();
    let call = Call::create(&ada, Settings::default(), relay, options).await;
    let (_call, mut events) = call.unwrap();
    fake.turn_away(RefusalReason::Unavailable, 60_000);
    let ended = |event| if let CallEvent::Ended(ending) = event { Some(ending) } else { None };
    assert!(matches!(wait(&mut events, ended).await, Ending::Unreachable(_)));
}
