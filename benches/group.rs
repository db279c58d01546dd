//! `cargo bench --bench group`: see bench/benches/group.

mod launch;

fn main() -> std::process::ExitCode {
    launch::launch("group")
}
