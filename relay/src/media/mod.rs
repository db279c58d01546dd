//! The forwarder of media: WebRTC in, WebRTC out, nothing decrypted but the hop's own SRTP.
