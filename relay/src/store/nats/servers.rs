//! Real servers for tests.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Servers on this machine, killed and removed when dropped.
pub(in crate::store) struct Servers {
    directory: PathBuf,
    ports: Vec<u16>,
    processes: Vec<Child>,
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    directories.map(|directory| directory.join("nats-server")).find(|program| program.is_file())
}

/// So many ports that were free a moment ago.
fn free_ports(count: usize) -> Vec<u16> {
    let any = || TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners: Vec<TcpListener> = (0..count).map(|_| any()).collect();
    listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
}

impl Servers {
    /// So many servers, a cluster if they are more than one. Nothing, and a message: NATS is not
    /// installed.
    pub(in crate::store) fn start(count: usize) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(program) = program() else {
            println!("skipped: nats-server is not installed");
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("incamera-nats-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let all = free_ports(count * 2);
        let (ports, routes) = all.split_at(count);
        let urls: Vec<String> =
            routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let mut processes = Vec::new();
        for (index, (port, route)) in ports.iter().zip(routes).enumerate() {
            let mut command = Command::new(&program);
            command.args(["-a", "127.0.0.1", "-js", "-p", &port.to_string(), "-sd"]);
            command.arg(directory.join(index.to_string()));
            if count > 1 {
                command.args(["--cluster_name", "tests", "-n", &format!("server-{index}")]);
                command.args(["--cluster", &format!("nats://127.0.0.1:{route}")]);
                command.args(["--routes", &urls.join(",")]);
            }
            let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
            processes.push(quiet.spawn().unwrap());
        }
        Some(Self { directory, ports: ports.to_vec(), processes })
    }

    /// For `--nats`.
    pub(in crate::store) fn url(&self) -> String {
        let urls: Vec<String> =
            self.ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        urls.join(",")
    }

    /// SIGKILL to the server `server-<index>`.
    pub(super) fn kill(&mut self, index: usize) {
        let process = &mut self.processes[index];
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
