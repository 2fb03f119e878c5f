//! Every seed of a fuzz target with small damage, for the ordinary tests of the rooms. Never a
//! reader.

use std::fs;
use std::path::Path;

/// Hands a reader every seed of its target: whole, cut short everywhere, and with octets that mean
/// something to one reader or another in the place of each octet and before it.
pub fn near_seeds(target: &str, read: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for seed in fs::read_dir(folder.join(target)).expect("seeds") {
        let seed = fs::read(seed.expect("a file").path()).expect("a seed");
        read(&seed);
        for at in 0..seed.len() {
            read(&seed[..at]);
            read(&seed[at..]);
            for octet in *b"\0\t\n\r \"'*,-/09:<=>[\\]a{}\x7f\x80\xc3\xff" {
                let mut changed = seed.clone();
                changed[at] = octet;
                read(&changed);
                changed.insert(at, octet);
                read(&changed);
            }
        }
    }
}
