//! The task of a link.

use std::io;

use tokio::sync::mpsc;

use super::face::{LinkSettings, MediaEvent, OutgoingFrame};
use super::handle::Command;

/// Begins the task.
pub(super) fn spawn(
    _settings: LinkSettings,
    _commands: mpsc::UnboundedReceiver<Command>,
    _frames: mpsc::Receiver<OutgoingFrame>,
    _events: mpsc::Sender<MediaEvent>,
) -> io::Result<()> {
    Ok(())
}
