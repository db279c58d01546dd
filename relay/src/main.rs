//! The relay.

fn main() -> std::process::ExitCode {
    incamera_relay::run()
}
