//! Tokens, and what they allow.

use incamera_wire::{BearerToken, MeetingId, RefusalReason, ToClient, ToServer};

use crate::client::{Client, MEETING};
use crate::process::{Directory, Relay, command};

const OTHER: MeetingId = MeetingId::new([9; 16]);

/// A relay that asks for tokens, and the secret's file.
fn start(directory: &Directory) -> (Relay, String) {
    let secret = directory.file("secret", b"0123456789abcdef0123456789abcdef\n");
    (Relay::start(&["--token-secret-file", &secret]), secret)
}

/// A token made by the program itself.
fn token(secret: &str, meeting: MeetingId, more: &[&str]) -> String {
    let meeting = meeting.to_string();
    let arguments = ["token", "--token-secret-file", secret, "--meeting", &meeting];
    let output = command(&[&arguments, more].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn authorized(relay: &Relay, token: &str) -> Client {
    let mut client = Client::open(relay).await;
    client.say(&ToServer::Authorize { token: BearerToken::new(token.to_owned()) }).await;
    client
}

async fn refusal(
    relay: &Relay,
    token: Option<&str>,
    meeting: MeetingId,
) -> (RefusalReason, String) {
    let mut client = Client::open(relay).await;
    if let Some(token) = token {
        client.say(&ToServer::Authorize { token: BearerToken::new(token.to_owned()) }).await;
    }
    // The relay may have closed already.
    let hello = ToServer::Hello { meeting, mailbox: None }.encode();
    let message = tokio_tungstenite::tungstenite::Message::Binary(hello.into());
    let _ = futures_util::SinkExt::send(&mut client.socket, message).await;
    let refusal = client.last_refusal().await;
    (refusal.reason, refusal.detail)
}

#[tokio::test]
async fn a_token_opens_its_meeting_and_no_other() {
    // SPEC [S7]
    let directory = Directory::new();
    let (relay, secret) = start(&directory);
    let token = token(&secret, MEETING, &[]);
    authorized(&relay, &token).await.hello(MEETING, None).await;
    for (token, meeting, word) in [
        (Some(token.as_str()), OTHER, "another meeting"),
        (None, MEETING, "asks for a token"),
        (Some("a.b.c"), MEETING, "not one of this relay"),
    ] {
        let (reason, detail) = refusal(&relay, token, meeting).await;
        assert_eq!(reason, RefusalReason::Unauthorized);
        assert!(detail.contains(word), "{detail}");
    }
}

#[tokio::test]
async fn an_expired_token_and_one_of_another_operator_are_refused() {
    // SPEC [S7]
    let directory = Directory::new();
    let (relay, secret) = start(&directory);
    let expired = token(&secret, MEETING, &["--seconds", "0"]);
    let (reason, detail) = refusal(&relay, Some(&expired), MEETING).await;
    assert_eq!(reason, RefusalReason::Unauthorized);
    assert!(detail.contains("expired"), "{detail}");
    let other = directory.file("other", &[b'x'; 32]);
    let forged = token(&other, MEETING, &[]);
    assert_eq!(refusal(&relay, Some(&forged), MEETING).await.0, RefusalReason::Unauthorized);
}

#[tokio::test]
async fn a_token_bounds_the_meeting() {
    let directory = Directory::new();
    let (relay, secret) = start(&directory);
    let token = token(&secret, MEETING, &["--members", "1"]);
    let _first = authorized(&relay, &token).await.hello(MEETING, None).await;
    let (reason, detail) = refusal(&relay, Some(&token), MEETING).await;
    assert_eq!(reason, RefusalReason::Full);
    assert!(detail.contains("connections-per-meeting"), "{detail}");
}

#[tokio::test]
async fn who_may_end_ends_and_who_was_ended_stays_out() {
    let directory = Directory::new();
    let (relay, secret) = start(&directory);
    let host = token(&secret, MEETING, &["--may-end"]);
    let guest = token(&secret, MEETING, &[]);
    let mut host = authorized(&relay, &host).await.hello(MEETING, None).await;
    let mut ended = authorized(&relay, &guest).await.hello(MEETING, None).await;
    let end = ToServer::EndTransport { transport: ended.transport };
    host.client.say(&end).await;
    assert_eq!(ended.client.last_refusal().await.reason, RefusalReason::Ended);
    assert_eq!(refusal(&relay, Some(&guest), MEETING).await.0, RefusalReason::Ended);
    // Another token lets it back in, and does not let it end the host.
    let fresh = token(&secret, MEETING, &[]);
    let mut back = authorized(&relay, &fresh).await.hello(MEETING, None).await;
    back.client.say(&ToServer::EndTransport { transport: host.transport }).await;
    assert_eq!(back.client.last_refusal().await.reason, RefusalReason::Unauthorized);
    host.client.say(&ToServer::FetchBlob { hash: incamera_wire::BlobHash::new([0; 32]) }).await;
    assert!(matches!(host.client.hear().await, ToClient::Refused(_)), "the host is still there");
}

#[test]
fn the_program_makes_no_token_without_a_secret() {
    let meeting = MEETING.to_string();
    let output = command(&["token", "--meeting", &meeting]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let directory = Directory::new();
    let short = directory.file("short", b"short");
    let output = command(&["token", "--meeting", &meeting, "--token-secret-file", &short]);
    assert_eq!({ output }.output().unwrap().status.code(), Some(2));
}
