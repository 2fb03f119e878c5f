//! Tables as CSV (RFC 4180) that no spreadsheet takes for a formula. Never what stands in them.

/// Appends a row.
pub(crate) fn row(table: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            table.push(',');
        }
        table.push_str(&field(cell));
    }
    table.push_str("\r\n");
}

/// One cell. What a spreadsheet would run as a formula gets a leading apostrophe (OWASP ASVS
/// 1.2.10); a plain number keeps its sign.
fn field(cell: &str) -> String {
    let formula =
        cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        for (cell, expected) in [
            ("=1+2", "'=1+2"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("-5", "-5"),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("일반", "일반"),
            ("", ""),
        ] {
            assert_eq!(field(cell), expected, "{cell:?}");
        }
        let mut table = String::new();
        row(&mut table, &["a".into(), "=b".into()]);
        assert_eq!(table, "a,'=b\r\n");
    }
}
