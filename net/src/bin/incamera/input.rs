//! What comes from outside of the meeting: typed lines, and signals.

use std::io::IsTerminal as _;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin, stdin};
use tokio::sync::mpsc;

/// Something from outside.
pub(crate) enum Input {
    /// A line.
    Line(String),
    /// Interrupted, or told to terminate.
    Stop,
}

/// Standard input and the signals.
pub(crate) struct Typist {
    lines: Option<Lines<BufReader<Stdin>>>,
    signals: mpsc::Receiver<()>,
}

impl Typist {
    pub(crate) fn new() -> Self {
        let (told, signals) = mpsc::channel(4);
        tokio::spawn(async move { while signal().await && told.send(()).await.is_ok() {} });
        Self { lines: Some(BufReader::new(stdin()).lines()), signals }
    }

    /// The next one. The end of standard input is the end of the meeting only at a terminal: scripts
    /// may have none.
    pub(crate) async fn next(&mut self) -> Input {
        loop {
            let lines = &mut self.lines;
            let line = async {
                match lines {
                    Some(lines) => lines.next_line().await,
                    None => core::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = self.signals.recv() => return Input::Stop,
                line = line => match line {
                    Ok(Some(line)) => return Input::Line(line),
                    Ok(None) | Err(_) => {
                        self.lines = None;
                        if std::io::stdin().is_terminal() {
                            return Input::Stop;
                        }
                    }
                },
            }
        }
    }
}

/// Waits for a signal to stop; false if none can come.
#[cfg(unix)]
async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return false };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.is_ok(),
        told = terminate.recv() => told.is_some(),
    }
}

#[cfg(not(unix))]
async fn signal() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
