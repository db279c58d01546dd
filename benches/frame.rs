//! `cargo bench --bench frame`: see bench/benches/frame.

mod launch;

fn main() -> std::process::ExitCode {
    launch::launch("frame")
}
