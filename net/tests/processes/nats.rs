//! A meeting whose two members are at two relays, with one log on three servers of NATS.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::client::Client;
use crate::place::Place;
use crate::relay::Relay;

/// Three servers, killed with the value.
struct Servers {
    processes: Vec<Child>,
    ports: Vec<u16>,
    _place: Place,
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("nats-server")).find(|program| program.is_file())
}

impl Servers {
    fn start() -> Option<Self> {
        let program = program()?;
        let any = || TcpListener::bind("127.0.0.1:0").unwrap();
        let listeners: Vec<TcpListener> = (0..6).map(|_| any()).collect();
        let ports: Vec<u16> =
            listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(listeners);
        let place = Place::new("nats");
        let routes: Vec<String> =
            ports[3..].iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let start = |at: usize| {
            let mut command = Command::new(&program);
            command.args(["-a", "127.0.0.1", "-js", "-p", &ports[at].to_string(), "-sd"]);
            command.arg(place.file(&at.to_string()));
            command.args(["--cluster_name", "meeting", "-n", &format!("server-{at}")]);
            command.args(["--cluster", &routes[at], "--routes", &routes.join(",")]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let processes = (0..3).map(start).collect();
        Some(Self { processes, ports: ports[..3].to_vec(), _place: place })
    }

    fn urls(&self) -> String {
        let urls: Vec<String> =
            self.ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        urls.join(",")
    }

    fn kill(&mut self, at: usize) {
        self.processes[at].kill().unwrap();
        self.processes[at].wait().unwrap();
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[test]
fn a_meeting_at_two_relays_goes_on_when_a_server_of_three_is_killed() {
    let Some(mut servers) = Servers::start() else {
        println!("left out: nats-server is not installed");
        return;
    };
    let urls = servers.urls();
    let args = ["--plain", "--nats", &urls, "--nats-replicas", "3"];
    let relays = [(); 2].map(|()| Relay::patiently(&args));
    let (mut ada, link) = Client::host(&["--relay", &relays[0].url, "--any-relay", "--admit-all"]);
    // The same meeting, by the other door.
    let link = link.replace(&relays[0].url, &relays[1].url);
    let mut ben = Client::guest(&link, "Ben", &[]);
    ben.wait("joined");
    for number in 0..5 {
        ada.type_line(&format!("chat before {number}"));
        ben.hears(&format!("before {number}"));
    }
    // Who leads is the servers' secret: whichever it was, two of three go on.
    servers.kill(0);
    for number in 0..5 {
        ada.type_line(&format!("chat behind {number}"));
        ben.hears(&format!("behind {number}"));
        ben.type_line(&format!("chat answer {number}"));
        ada.hears(&format!("answer {number}"));
    }
    ada.type_line("end");
    assert_eq!((ada.end().0, ben.end().0), (0, 0));
}
