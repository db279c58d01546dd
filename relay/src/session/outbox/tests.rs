use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use super::*;

/// A socket that takes so many messages and then none.
#[derive(Clone, Default)]
struct Socket {
    taken: Arc<Mutex<Vec<Message>>>,
    most: usize,
}

impl Socket {
    fn taking(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    fn heard(&self) -> Vec<ToClient> {
        let taken = self.taken.lock().unwrap();
        let binary = taken.iter().filter_map(|message| match message {
            Message::Binary(bytes) => Some(ToClient::decode(bytes).unwrap()),
            _ => None,
        });
        binary.collect()
    }
}

impl Sink<Message> for Socket {
    type Error = axum::Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let full = self.taken.lock().unwrap().len() >= self.most;
        if full { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
        self.taken.lock().unwrap().push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

fn message(length: usize) -> ToClient {
    ToClient::Lobby { bytes: vec![1; length] }
}

fn small() -> (Outbox, Writer) {
    outbox(8000, 8, Arc::new(Semaphore::new(1 << 24)), Duration::from_millis(50))
}

#[tokio::test]
async fn both_bytes_and_messages_are_bounded() {
    let (outbox, _writer) = small();
    for _ in 0..8 {
        outbox.offer(&message(1)).unwrap();
    }
    assert_eq!(outbox.offer(&message(1)), Err(Full));
    let (outbox, _writer) = small();
    for _ in 0..4 {
        outbox.offer(&message(1900)).unwrap();
    }
    assert_eq!(outbox.offer(&message(1900)), Err(Full));
}

#[tokio::test]
async fn what_all_wait_for_together_is_bounded() {
    let all = Arc::new(Semaphore::new(5000));
    let stall = Duration::from_secs(9);
    let (one, _writer) = outbox(8000, 8, Arc::clone(&all), stall);
    let (other, writer) = outbox(8000, 8, all, stall);
    one.offer(&message(2900)).unwrap();
    other.offer(&message(1900)).unwrap();
    assert_eq!(other.offer(&message(1900)), Err(Full));
    drop(writer);
    assert_eq!(other.offer(&message(1)), Err(Full), "its client has gone");
    one.offer(&message(1900)).unwrap();
}

#[tokio::test]
async fn a_message_above_all_of_the_room_fits_when_half_is_free() {
    let (outbox, writer) = small();
    outbox.offer(&message(60_000)).unwrap();
    outbox.offer(&message(60_000)).unwrap();
    outbox.half_free().await;
    for _ in 0..2 {
        outbox.offer(&message(60_000)).unwrap();
    }
    let socket = Socket::taking(9);
    let writing = tokio::spawn(writer.run(socket.clone()));
    let waiting = outbox.offer_or_keep(&message(60_000)).unwrap();
    outbox.send(Some(&waiting)).await.unwrap();
    outbox.finish(None);
    assert!(!writing.await.unwrap().stalled);
    assert_eq!(socket.heard().len(), 5, "what waits is written before the end");
}

#[tokio::test]
async fn entries_of_the_log_leave_room_for_what_cannot_be_read_again() {
    let (outbox, _writer) = small();
    while outbox.offer_spare(&message(1)).is_ok() {}
    outbox.offer(&message(1900)).unwrap();
}

#[tokio::test]
async fn a_refusal_goes_before_what_waits() {
    let (outbox, writer) = small();
    for _ in 0..5 {
        outbox.offer(&message(1)).unwrap();
    }
    outbox.finish(Some(too_slow("a limit")));
    let socket = Socket::taking(9);
    writer.run(socket.clone()).await;
    let heard = socket.heard();
    assert_eq!(heard.len(), 1);
    assert!(matches!(&heard[0], ToClient::Refused(it) if it.reason == RefusalReason::TooSlow));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let (outbox, writer) = small();
    for _ in 0..5 {
        outbox.offer(&message(1)).unwrap();
    }
    let socket = Socket::taking(2);
    let wrote = tokio::spawn(writer.run(socket.clone()));
    outbox.closed().await;
    assert!(wrote.await.unwrap().stalled);
    assert_eq!(socket.heard().len(), 2);
    assert_eq!(outbox.offer(&message(1)), Err(Full));
}
