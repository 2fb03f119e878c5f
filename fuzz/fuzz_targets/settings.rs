//! `dasan.toml`, read by the program's own file, and the networks in it. Never a check of its own.
#![no_main]

#[path = "../../src"]
mod house {
    #[allow(dead_code, reason = "the program uses the rest")]
    pub mod config;
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(file) = toml::from_str::<house::config::File>(text) {
        for source in file.telephony.trunk.iter().flat_map(|trunk| &trunk.sources) {
            let network = source.parse::<telephony::Network>();
            let _ = network.is_ok_and(|network| network.contains([127, 0, 0, 1].into()));
        }
    }
});
