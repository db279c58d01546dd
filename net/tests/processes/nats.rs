//! A meeting whose two members are at two relays, with one log on three servers of NATS.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::client::Client;
use crate::place::Place;
use crate::relay::Relay;

/// Three servers, killed with the value.
struct Servers {
    processes: Vec<Child>,
    ports: Vec<u16>,
    monitors: Vec<u16>,
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
        let listeners: Vec<TcpListener> = (0..9).map(|_| any()).collect();
        let ports: Vec<u16> =
            listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(listeners);
        let place = Place::new("nats");
        let routes: Vec<String> =
            ports[3..6].iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let start = |at: usize| {
            let mut command = Command::new(&program);
            command.args(["-a", "127.0.0.1", "-js", "-p", &ports[at].to_string(), "-sd"]);
            command.arg(place.file(&at.to_string()));
            command.args(["-m", &ports[6 + at].to_string()]);
            command.args(["--cluster_name", "meeting", "-n", &format!("server-{at}")]);
            command.args(["--cluster", &routes[at], "--routes", &routes.join(",")]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let processes = (0..3).map(start).collect();
        let (ports, monitors) = (ports[..3].to_vec(), ports[6..].to_vec());
        Some(Self { processes, ports, monitors, _place: place })
    }

    /// The server that leads the one meeting's log, as the first one's monitoring tells.
    fn leader(&self) -> usize {
        let mut monitor = TcpStream::connect(("127.0.0.1", self.monitors[0])).unwrap();
        let request = "GET /jsz?accounts=true&streams=true HTTP/1.0\r\n\r\n";
        monitor.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        monitor.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        let streams = body["account_details"][0]["stream_detail"].as_array().unwrap();
        let logs = streams
            .iter()
            .filter(|stream| stream["name"].as_str().unwrap().to_lowercase().contains("log"));
        let leaders: Vec<_> = logs.map(|log| log["cluster"]["leader"].as_str().unwrap()).collect();
        assert_eq!(leaders.len(), 1, "{streams:?}");
        leaders[0].strip_prefix("server-").unwrap().parse().unwrap()
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
    servers.kill(servers.leader());
    for number in 0..5 {
        ada.type_line(&format!("chat behind {number}"));
        ben.hears(&format!("behind {number}"));
        ben.type_line(&format!("chat answer {number}"));
        ada.hears(&format!("answer {number}"));
    }
    ada.type_line("end");
    assert_eq!((ada.end().0, ben.end().0), (0, 0));
}
