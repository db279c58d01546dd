//! Real servers for tests.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Servers on this machine, killed and removed when dropped.
pub(in crate::store) struct Servers {
    program: PathBuf,
    directory: PathBuf,
    ports: Vec<u16>,
    routes: Vec<u16>,
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
        let (ports, routes) = (ports.to_vec(), routes.to_vec());
        let mut servers = Self { program, directory, ports, routes, processes: Vec::new() };
        for index in 0..count {
            let process = servers.command(index).spawn().unwrap();
            servers.processes.push(process);
        }
        Some(servers)
    }

    fn command(&self, index: usize) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-a", "127.0.0.1", "-js", "-p", &self.ports[index].to_string(), "-sd"]);
        command.arg(self.directory.join(index.to_string()));
        if self.routes.len() > 1 {
            let url = |port: &u16| format!("nats://127.0.0.1:{port}");
            let urls: Vec<String> = self.routes.iter().map(url).collect();
            command.args(["--cluster_name", "tests", "-n", &format!("server-{index}")]);
            command.args(["--cluster", &urls[index], "--routes", &urls.join(",")]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts a killed server again, on its files.
    pub(super) fn run(&mut self, index: usize) {
        self.processes[index] = self.command(index).spawn().unwrap();
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
