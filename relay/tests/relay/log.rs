//! The log, the lobby, mailboxes and blobs.

use incamera_wire::{
    BlobHash, Destination, MailboxId, MeetingId, RefusalReason, ToClient, ToServer,
};

use crate::client::{Client, Connected, MEETING, envelope, id};
use crate::process::Relay;

#[tokio::test]
async fn what_one_posts_all_read_in_one_order() {
    let relay = Relay::start(&[]);
    let mut a = Client::connect(&relay, MEETING).await.client;
    let mut b = Client::connect(&relay, MEETING).await.client;
    for number in 0..20 {
        let poster = if number % 2 == 0 { &mut a } else { &mut b };
        let bytes = envelope(MEETING, number, 100);
        poster.say(&ToServer::Post { id: id(number), to: Destination::Log, bytes }).await;
        for reader in [&mut a, &mut b] {
            assert_eq!(reader.entry().await, (number, envelope(MEETING, number, 100)));
        }
    }
}

#[tokio::test]
async fn a_post_repeated_under_its_id_has_no_second_effect() {
    let relay = Relay::start(&[]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let bytes = envelope(MEETING, 1, 100);
    assert_eq!(client.post(id(1), Destination::Log, bytes.clone()).await, Ok(Some(0)));
    assert_eq!(client.post(id(1), Destination::Log, bytes.clone()).await, Ok(Some(0)));
    assert_eq!(client.post(id(2), Destination::Log, bytes).await, Ok(Some(1)));
    assert_eq!(Client::connect(&relay, MEETING).await.next, 2);
}

#[tokio::test]
async fn who_comes_back_reads_on_from_where_it_was() {
    let relay = Relay::start(&[]);
    let mut writer = Client::connect(&relay, MEETING).await.client;
    // More than one page, and more than may wait.
    for number in 0..40 {
        let bytes = envelope(MEETING, number, 100_000);
        assert_eq!(writer.post(id(number), Destination::Log, bytes).await, Ok(Some(number)));
    }
    let Connected { client: mut reader, next, .. } = Client::connect(&relay, MEETING).await;
    assert_eq!(next, 40);
    reader.say(&ToServer::Fetch { from: 3 }).await;
    let late = envelope(MEETING, 40, 100);
    assert_eq!(writer.post(id(40), Destination::Log, late).await, Ok(Some(40)));
    for number in 3..=40 {
        assert_eq!(reader.entry().await.0, number);
    }
    reader.say(&ToServer::Fetch { from: 39 }).await;
    assert_eq!(reader.entry().await.0, 39);
    assert_eq!(reader.entry().await.0, 40);
}

#[tokio::test]
async fn an_entry_of_another_meeting_is_refused_and_the_connection_goes_on() {
    let relay = Relay::start(&[]);
    let mut client = Client::connect(&relay, MEETING).await.client;
    let other = envelope(MeetingId::new([1; 16]), 0, 100);
    for bytes in [other, b"junk".to_vec()] {
        let refusal = client.post(id(1), Destination::Log, bytes).await.unwrap_err();
        assert_eq!(refusal.reason, RefusalReason::Malformed);
    }
    let bytes = envelope(MEETING, 0, 100);
    assert_eq!(client.post(id(1), Destination::Log, bytes).await, Ok(Some(0)));
}

#[tokio::test]
async fn the_lobby_reaches_all_others_of_the_meeting_and_nobody_else() {
    let relay = Relay::start(&[]);
    let mut a = Client::connect(&relay, MEETING).await.client;
    let mut b = Client::connect(&relay, MEETING).await.client;
    let mut other = Client::connect(&relay, MeetingId::new([1; 16])).await.client;
    a.post(id(1), Destination::Lobby, b"knock".to_vec()).await.unwrap();
    assert_eq!(b.hear().await, ToClient::Lobby { bytes: b"knock".to_vec() });
    b.post(id(2), Destination::Lobby, b"answer".to_vec()).await.unwrap();
    assert_eq!(a.hear().await, ToClient::Lobby { bytes: b"answer".to_vec() });
    // Of b's own, nothing comes back: the next it hears is the acceptance of its next post.
    b.say(&ToServer::Post { id: id(3), to: Destination::Lobby, bytes: vec![1] }).await;
    assert_eq!(b.hear().await, ToClient::Accepted { id: id(3), seq: None });
    other.say(&ToServer::Post { id: id(4), to: Destination::Lobby, bytes: vec![1] }).await;
    assert_eq!(other.hear().await, ToClient::Accepted { id: id(4), seq: None });
}

#[tokio::test]
async fn a_direct_message_reaches_its_mailbox_alone() {
    let relay = Relay::start(&[]);
    let (mine, other) = (MailboxId::new([1; 16]), MailboxId::new([2; 16]));
    let mut a = Client::open(&relay).await.hello(MEETING, Some(mine)).await.client;
    let mut b = Client::open(&relay).await.hello(MEETING, Some(other)).await.client;
    let away = MeetingId::new([9; 16]);
    let mut away = Client::open(&relay).await.hello(away, Some(mine)).await.client;
    b.post(id(1), Destination::Direct(mine), b"for a".to_vec()).await.unwrap();
    assert_eq!(a.hear().await, ToClient::Direct { bytes: b"for a".to_vec() });
    for client in [&mut b, &mut away] {
        client.say(&ToServer::Post { id: id(2), to: Destination::Lobby, bytes: vec![1] }).await;
        assert_eq!(client.hear().await, ToClient::Accepted { id: id(2), seq: None });
    }
}

#[tokio::test]
async fn a_blob_is_kept_under_its_hash_and_no_other() {
    let relay = Relay::start(&[]);
    let mut a = Client::connect(&relay, MEETING).await.client;
    let bytes = vec![5; 3 * 1024 * 1024];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let hash = BlobHash::new(digest.as_ref().try_into().unwrap());
    let wrong = BlobHash::new([0; 32]);
    let refusal = a.post(id(1), Destination::Blob(wrong), bytes.clone()).await.unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::Malformed);
    assert_eq!(a.post(id(2), Destination::Blob(hash), bytes.clone()).await, Ok(None));
    let mut b = Client::connect(&relay, MEETING).await.client;
    b.say(&ToServer::FetchBlob { hash: wrong }).await;
    let ToClient::Refused(refusal) = b.hear().await else { panic!() };
    assert_eq!((refusal.reason, refusal.post), (RefusalReason::NotFound, Some(id(0))));
    b.say(&ToServer::FetchBlob { hash }).await;
    assert_eq!(b.hear().await, ToClient::Blob { bytes });
}
