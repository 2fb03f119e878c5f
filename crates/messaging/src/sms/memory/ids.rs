//! The ids of gateways, which spell one in several ways. Never what became of a message.

/// An id as gateways spell it in answers and receipts: as it is, without leading zeros, and its
/// number in the other base.
pub(super) fn spellings(id: &str) -> Vec<String> {
    let bare = id.trim().trim_start_matches('0').to_ascii_lowercase();
    let mut all = vec![format!("={}", id.trim().to_ascii_lowercase()), bare.clone()];
    if let Ok(number) = bare.parse::<u128>() {
        all.push(format!("{number:x}"));
    }
    if let Ok(number) = u128::from_str_radix(&bare, 16) {
        all.push(number.to_string());
    }
    all
}
