//! What is done to frames before they are packetised and after they are put together again.

/// The place where frames are sealed and opened.
pub trait Through {
    /// What is handed to the packetiser in the place of `frame`.
    fn out(&mut self, frame: &[u8]) -> Vec<u8>;

    /// What is handed to the decoder in the place of what the depacketiser made; `None` if it is
    /// refused.
    fn back(&mut self, frame: &[u8]) -> Option<Vec<u8>>;
}

/// Nothing is done to them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;

impl Through for Identity {
    fn out(&mut self, frame: &[u8]) -> Vec<u8> {
        frame.to_vec()
    }

    fn back(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        Some(frame.to_vec())
    }
}
