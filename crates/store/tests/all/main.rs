//! What the store promises, on SQLite and on PostgreSQL alike: the same tests on both. Never a
//! timing.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod audit;
#[path = "../cluster/mod.rs"]
mod cluster;
mod fault;
mod keep;
mod letters;
mod library;
mod life;
mod paper;
mod random;
mod said;
mod search;

/// Makes two tests of one: `sqlite` and `postgres`.
macro_rules! on_both {
    ($name:ident, $paper:ident, $body:block) => {
        mod $name {
            use super::*;

            async fn run($paper: crate::paper::Paper) {
                $body
            }

            #[tokio::test]
            async fn sqlite() {
                run(crate::paper::Paper::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(paper) = crate::paper::Paper::postgres().await {
                    run(paper).await;
                }
            }
        }
    };
}

pub(crate) use on_both;
