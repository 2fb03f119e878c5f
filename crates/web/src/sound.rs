//! A recording as a page plays and shows it. Never its decryption, never who may hear it.

pub(crate) fn wav(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

pub(crate) fn picture(_bytes: &[u8], _lanes: [&str; 2]) -> String {
    String::new()
}
