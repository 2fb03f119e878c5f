//! `dasan simulate`: one line with seed, counts and journal hash. Never touches a record, except
//! with `--live`.

use crate::config::Simulate;
use anyhow::Result;
use std::process::ExitCode;

pub async fn run(simulate: &Simulate) -> Result<ExitCode> {
    if let Some(url) = &simulate.live {
        simulator::live(url, simulate.seed, simulate.speed).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (seed, days) = (simulate.seed, simulate.days);
    let (line, holds) = tokio::task::spawn_blocking(move || simulator::run(seed, days)).await?;
    println!("{line}");
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
