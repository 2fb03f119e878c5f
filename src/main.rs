//! The one binary: reads what to do and hands it to one file per subcommand. Never does the work
//! itself.

mod answers;
mod audit;
mod bench;
mod city;
mod config;
mod descriptors;
mod evaluate;
mod library;
mod prompts;
mod secret;
mod serve;
mod simulate;
mod simulation;
mod units;
mod writing;

use clap::Parser;
use config::{Cli, Command, Evaluate};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Many small texts are made and dropped on several threads at once; the system's own allocator
/// spends a tenth of the time on them and keeps what a burst of sign-ins took.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    log();
    let done = match cli.command {
        None => serve::run(&cli.serve).await,
        Some(Command::Serve(serve)) => serve::run(&serve).await,
        Some(Command::Simulate(simulate)) => simulate::run(&simulate).await,
        Some(Command::Audit(audit)) => audit::run(&audit).await,
        Some(Command::Bench(bench)) => bench::run(&bench).await,
        Some(Command::Evaluate(Evaluate::Search(search))) => evaluate::search(&search),
    };
    done.unwrap_or_else(|error| {
        eprintln!("dasan: {error:#}");
        ExitCode::FAILURE
    })
}

/// Logs go to standard error. The SIP stack would log whole messages, with numbers, at `info`:
/// it may not, whatever the environment asks for.
fn log() {
    let asked = EnvFilter::builder().with_default_directive(tracing::Level::INFO.into());
    let mut filter = asked.from_env_lossy();
    for quiet in ["rsipstack=warn", "str0m=warn", "tokio_postgres=warn"] {
        filter = filter.add_directive(quiet.parse().expect("a directive that is written here"));
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
