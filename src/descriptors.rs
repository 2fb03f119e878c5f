//! How many files and sockets may be open at once. Never what they are for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than anything here needs: 1,200 lines, 10,000 connections and as many again.
const WANTED: u64 = 65_536;

/// With fewer the calls that the settings allow do not find their sockets.
const ENOUGH: u64 = 16_384;

/// Asks the system for as many as it gives: a shell usually starts with 1,024, which a few hundred
/// calls use up.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(WANTED).min(WANTED);
    let now = limit.current.unwrap_or(WANTED);
    let raised = Rlimit {
        current: Some(most),
        maximum: limit.maximum,
    };
    let now = match (now < most).then(|| setrlimit(Resource::Nofile, raised)) {
        Some(Ok(())) => most,
        _ => now,
    };
    if now < ENOUGH {
        tracing::warn!(
            now,
            wanted = WANTED,
            "the system allows few open files and sockets (LimitNOFILE, ulimit -n): calls may not find theirs"
        );
    }
}
