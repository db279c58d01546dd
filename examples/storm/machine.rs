//! What the machine says of this process.

/// A figure of `/proc/self/status`, in kB; 0 where there is no such file.
fn status_kb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Memory in use.
pub(crate) fn resident_kb() -> u64 {
    status_kb("VmRSS:")
}

/// The most memory that was in use.
pub(crate) fn peak_kb() -> u64 {
    status_kb("VmHWM:")
}
