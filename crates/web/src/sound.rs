//! A recording as a page shows it: a picture of its levels. Never its decryption, never who may
//! hear it.

use crate::site::escaped;
use std::fmt::Write;

/// Columns of the picture.
const COLUMNS: usize = 300;
/// Height of one lane.
const LANE: i32 = 48;

/// Two lanes of levels, citizen above, counselor below, as SVG.
pub(crate) fn picture(recording: &[u8], label: &str, lanes: [&str; 2]) -> String {
    let peaks = store::sound::peaks(recording, COLUMNS);
    let (width, height) = (COLUMNS * 3, LANE * 2);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{}\"><line x1=\"0\" y1=\"{LANE}\" x2=\"{width}\" y2=\"{LANE}\"/>",
        escaped(label),
    );
    for (lane, class) in [(0, "first"), (1, "second")] {
        let middle = LANE / 2 + LANE * lane as i32;
        let mut path = String::new();
        for (column, levels) in peaks.iter().enumerate() {
            let half = i32::from(levels[lane]) * (LANE / 2 - 2) / 255;
            let (x, top, tall) = (column * 3, middle - half, (half * 2).max(1));
            let _ = write!(path, "M{x} {top}h2v{tall}h-2z");
        }
        let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    svg.push_str("</svg>");
    let names = lanes.map(escaped);
    let _ = write!(
        svg,
        "<p class=\"lanes\"><span class=\"first\">{}</span> <span class=\"second\">{}</span></p>",
        names[0], names[1]
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_two_lanes_and_no_foreign_markup() {
        let mut recording = store::sound::header().to_vec();
        recording.extend([0x80, 0xff].repeat(8_000));
        let svg = picture(&recording, "\"<b>", ["<i>", "b"]);
        assert_eq!(svg.matches("<path").count(), 2);
        assert!(svg.contains("M0 3h2v42h-2z"), "the citizen is loud");
        assert!(!svg.contains("<b>") && !svg.contains("<i>"));
        assert!(
            picture(&[], "", ["", ""]).contains("<svg"),
            "an empty one is no error"
        );
    }
}
