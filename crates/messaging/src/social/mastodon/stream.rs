//! The live line of a server of the Mastodon API: it rings when something came, and reading follows
//! from the cursor. Never a message itself: what the line misses is read anyway.

use super::Client;
use super::line::{Trouble, WAIT_MAX, WAIT_MIN};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Servers say something every quarter of a minute; a line that is silent for so long is dead.
pub(super) const QUIET: Duration = Duration::from_mins(1);
/// What makes it worth reading.
const RINGS: [&str; 3] = ["notification", "status.update", "delete"];

/// Listens for good. Without a line the account is read every so often, as ever.
pub(super) async fn attend(client: &Client, bell: &Notify) {
    let via = &client.via;
    let mut wait = WAIT_MIN;
    loop {
        let began = Instant::now();
        match hear(client, bell).await {
            Ok(()) => tracing::debug!(via, "the live line ended"),
            Err(trouble) => tracing::info!(via, %trouble, "no live line right now"),
        }
        wait = if began.elapsed() > QUIET {
            WAIT_MIN
        } else {
            (wait * 2).min(WAIT_MAX)
        };
        tokio::time::sleep(wait).await;
    }
}

async fn hear(client: &Client, bell: &Notify) -> Result<(), Trouble> {
    let mut lines = client.listen().await?;
    // What came before the line was up.
    bell.notify_one();
    while let Some(line) = lines.next().await? {
        let event = line.strip_prefix("event:").map(str::trim);
        if event.is_some_and(|event| RINGS.contains(&event)) {
            bell.notify_one();
        }
    }
    Ok(())
}
