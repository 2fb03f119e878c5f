//! `dasan audit`: prints `clean` or each difference. Never repairs.

use crate::{city, config};
use anyhow::Result;
use std::process::ExitCode;
use std::sync::Arc;

pub async fn run(audit: &config::Audit) -> Result<ExitCode> {
    let place = audit.place()?;
    let city = Arc::new(city::read(place.folder())?.city);
    let report = store::audit(&place, &city).await?;
    for difference in &report.differences {
        println!("{difference}");
    }
    if report.more > 0 {
        println!("and {} more", report.more);
    }
    println!(
        "{}: events={} contacts={} cells={} recordings={} erased={} aside={} attempts={} \
         library_events={} articles={}",
        if report.clean() {
            "clean"
        } else {
            "not as recorded"
        },
        report.events,
        report.contacts,
        report.cells,
        report.recordings,
        report.erased,
        report.aside,
        report.attempts,
        report.library_events,
        report.articles
    );
    Ok(if report.clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
