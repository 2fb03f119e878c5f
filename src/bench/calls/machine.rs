//! What this process takes of the machine, from /proc. Never of another process.

use std::time::Duration;

/// Ticks of the kernel's clock per second: 100 on every Linux that Rust runs on.
const TICKS_PER_S: u64 = 100;

/// CPU time that this process has used, in user and kernel mode. Zero where there is no /proc.
pub fn cpu() -> Duration {
    used("/proc/self/stat")
}

/// The same of the thread that asks.
pub fn cpu_here() -> Duration {
    used("/proc/thread-self/stat")
}

fn used(stat: &str) -> Duration {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    // The name in parentheses may hold spaces; user and kernel time are fields 14 and 15.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let times = after_name.split_ascii_whitespace().skip(11).take(2);
    let ticks: u64 = times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS_PER_S)
}

/// Memory in use, in KiB. Zero where there is no /proc.
pub fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().next());
    number.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
