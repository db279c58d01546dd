//! The worker's socket.

use std::io;
use std::net::{IpAddr, SocketAddr};

use mio::net::UdpSocket;
use socket2::{Domain, Protocol, Socket, Type};

/// What the kernel may keep for a worker that is busy, each way: bytes.
const BUFFER: usize = 4 * 1024 * 1024;

/// A UDP socket without blocking, and the address that candidates name.
#[derive(Debug)]
pub(super) struct MediaSocket {
    pub(super) socket: UdpSocket,
    local: SocketAddr,
    /// What clients reach.
    pub(super) advertised: SocketAddr,
}

impl MediaSocket {
    /// Binds it.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub(super) fn bind(listen: SocketAddr, advertise: Option<IpAddr>) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
        // As large as the system allows: less is no failure.
        drop(socket.set_recv_buffer_size(BUFFER));
        drop(socket.set_send_buffer_size(BUFFER));
        socket.set_nonblocking(true)?;
        socket.bind(&listen.into())?;
        let socket = UdpSocket::from_std(socket.into());
        let local = socket.local_addr()?;
        let advertised = SocketAddr::new(advertise.unwrap_or(local.ip()), local.port());
        Ok(Self { socket, local, advertised })
    }

    /// Where it listens.
    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Sends one datagram: whether the kernel took it.
    pub(super) fn send(&self, bytes: &[u8], to: SocketAddr) -> bool {
        self.socket.send_to(bytes, to).is_ok()
    }
}
