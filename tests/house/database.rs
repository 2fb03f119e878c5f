//! The main job with the record in PostgreSQL, chosen by one setting. Never SQLite.

#[path = "../../crates/store/tests/cluster/mod.rs"]
mod cluster;

#[test]
fn a_call_becomes_a_record_in_postgresql() {
    let Some(cluster) = cluster::running() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(cluster.database());
    crate::call::from_ring_to_statistic("u1", &["--database", &url], Some(&url));
}
