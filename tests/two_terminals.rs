//! The example `two_terminals`, its processes as threads: a joiner is cut off and comes back by a
//! fresh knock.

#![cfg(test)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it runs a program's threads against the clock"
)]

#[path = "../examples/two_terminals.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod two_terminals;

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use incamera::{Identity, Invite, Meeting, Now, Settings};
use two_terminals::{Wake, accept, take_part};

const START: Now = Now { monotonic_ms: 0, unix_ms: 0 };

/// One terminal: what it shows, what is typed, and its connection.
struct Terminal {
    lines: Receiver<String>,
    typed: Sender<Wake>,
    stream: TcpStream,
}

impl Terminal {
    fn open(server: SocketAddr, admit_all: bool, meeting: Meeting) -> Self {
        let (said, lines) = channel();
        let wakes = channel();
        let typed = wakes.0.clone();
        let stream = TcpStream::connect(server).unwrap();
        let own = stream.try_clone().unwrap();
        thread::spawn(move || {
            let say = |text: &dyn std::fmt::Display| drop(said.send(text.to_string()));
            let outcome = take_part(meeting, own, wakes, admit_all, &say);
            said.send(format!("end: {outcome:?}"))
        });
        Self { lines, typed, stream }
    }

    fn join(server: SocketAddr, name: &str, link: &str) -> Self {
        let (identity, invite) = (Identity::generate(name).unwrap(), Invite::parse(link).unwrap());
        Self::open(server, false, Meeting::join(&identity, &invite, START).unwrap())
    }

    /// The next line that has `part` in it.
    #[track_caller]
    fn wait_for(&self, part: &str) -> String {
        let end = Instant::now() + Duration::from_secs(20);
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line has {part:?}: {seen:#?}");
    }

    fn type_in(&self, line: &str) {
        self.typed.send(Wake::Typed(line.into())).unwrap();
    }
}

#[test]
fn a_joiner_that_was_cut_off_comes_back_by_a_fresh_knock() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    thread::spawn(move || accept(&listener));
    let ada = Identity::generate("Ada").unwrap();
    let ada = Meeting::create(&ada, Settings::default(), START).unwrap();
    let ada = Terminal::open(server, false, ada);
    let shown = ada.wait_for("incamera:1.");
    let link = shown.lines().last().unwrap();

    let ben = Terminal::join(server, "Ben", link);
    ada.wait_for("Ben knocks: y/n?");
    ada.type_in("y");
    ben.wait_for("here: #0 Ada, #1 Ben");
    ben.wait_for("from Ada: 5");
    ada.wait_for("from Ben: 5");
    ben.stream.shutdown(Shutdown::Both).unwrap();
    ben.wait_for("end: Err");
    ada.wait_for("from Ben: 0 frames");

    let again = Terminal::join(server, "Ben", link);
    ada.wait_for("Ben knocks: y/n?");
    ada.type_in("y");
    again.wait_for("here: #0 Ada, #1 Ben, #2 Ben");
    ada.type_in("remove Ben");
    ada.wait_for("who?");
    ada.type_in("remove #1");
    let ours = ada.wait_for("here: #0 Ada, #2 Ben");
    assert_eq!(again.wait_for("here: #0 Ada, #2 Ben"), ours, "roster, safety code and link");
    assert!(!ours.contains(link), "a removal replaces the link");
    again.wait_for("from Ada: 5");
    ada.type_in("end");
    ada.wait_for("end: Ok");
    again.wait_for("Ada has ended the meeting");
    again.wait_for("end: Ok");
}
