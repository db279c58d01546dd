//! Bounds what all connections together have sent of messages that are not complete yet.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::large::{Large, LargePermit};

/// What a connection may have under way without a permit: bytes.
const SMALL: usize = 64 * 1024;

/// For a large message: 17 MiB at 2 Mbit/s.
const LARGE: Duration = Duration::from_secs(72);

/// The words of the errors, by which they are known again behind the WebSocket library.
pub(crate) const MANY_LARGE: &str = "too many large messages are on their way";
pub(crate) const LONG_LARGE: &str = "a large message takes too long";

/// One connection's bytes since its last complete message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inbound(Arc<AtomicUsize>);

impl Inbound {
    /// A message is complete and was taken.
    pub(crate) fn taken(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// A control frame (RFC 6455) with so much payload was taken. It may stand between the fragments of a
    /// message: those are still there.
    pub(crate) fn taken_between(&self, payload: usize) {
        // Two bytes of header and four of mask.
        let frame = payload.saturating_add(6);
        let less = |bytes: usize| Some(bytes.saturating_sub(frame));
        // It never gives up.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// A stream whose reader needs one of few permits for a message that is large.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    inbound: Inbound,
    large: Arc<Large>,
    address: IpAddr,
    /// While a large message is on its way, and until when it has to be there.
    permit: Option<(LargePermit, Pin<Box<Sleep>>)>,
}

impl<S> Metered<S> {
    /// `large` has a permit for each large message that may be on its way.
    pub(crate) fn new(stream: S, inbound: Inbound, large: Arc<Large>, address: IpAddr) -> Self {
        Self { stream, inbound, large, address, permit: None }
    }

    /// Takes or gives back the permit.
    fn admit(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.inbound.0.load(Ordering::Relaxed) <= SMALL {
            self.permit = None;
        } else if self.permit.is_none() {
            let permit = self.large.take(self.address);
            let permit = permit.ok_or_else(|| io::Error::other(MANY_LARGE))?;
            self.permit = Some((permit, Box::pin(tokio::time::sleep(LARGE))));
        }
        if let Some((_, deadline)) = &mut self.permit
            && deadline.as_mut().poll(context).is_ready()
        {
            return Err(io::Error::other(LONG_LARGE));
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.admit(context)?;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.inbound.0.fetch_add(read, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn small_messages_need_no_permit_and_large_ones_give_theirs_back() {
        let (large, from) = (Large::new(1, false), IpAddr::from([10, 0, 0, 1]));
        let bytes = vec![0; 4 * SMALL];
        let (one, other) = (Inbound::default(), Inbound::default());
        let metered = |inbound: &Inbound| {
            Metered::new(bytes.as_slice(), inbound.clone(), Arc::clone(&large), from)
        };
        let (mut first, mut second) = (metered(&one), metered(&other));
        let mut half = vec![0; SMALL];
        first.read_exact(&mut half).await.unwrap();
        second.read_exact(&mut half).await.unwrap();
        first.read_exact(&mut [0]).await.unwrap();
        assert!(large.take(from).is_some(), "what is read counts from the next read on");
        first.read_exact(&mut [0]).await.unwrap();
        assert!(large.take(from).is_none());
        second.read_exact(&mut [0]).await.unwrap();
        second.read_exact(&mut [0]).await.unwrap_err();
        one.taken();
        first.read_exact(&mut [0]).await.unwrap();
        assert!(large.take(from).is_some());
        second.read_exact(&mut [0]).await.unwrap();
    }
}
