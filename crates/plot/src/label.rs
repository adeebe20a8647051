//! Axis labels from the headers of CSV files.

/// Units that end a header, and how they are printed.
const UNITS: [(&str, &str); 7] = [
    ("_tops_per_w", "TOPS/W"),
    ("_gops_per_mm2", "GOPS/mm²"),
    ("_uj", "µJ"),
    ("_us", "µs"),
    ("_mm2", "mm²"),
    ("_mw", "mW"),
    ("_w", "W"),
];

/// The label of a column: `energy_uj` becomes `energy (µJ)`, `arch.adc.bits` becomes `adc bits`.
#[must_use]
pub fn axis_label(column: &str) -> String {
    let name = column.strip_prefix("arch.").unwrap_or(column);
    match name {
        "tops_per_w" => return "TOPS/W".to_owned(),
        "gops_per_mm2" => return "GOPS/mm²".to_owned(),
        _ => {}
    }
    let words = |text: &str| text.replace(['.', '_'], " ");
    UNITS
        .iter()
        .find_map(|(ending, unit)| Some(format!("{} ({unit})", words(name.strip_suffix(ending)?))))
        .unwrap_or_else(|| words(name))
}

#[cfg(test)]
mod tests {
    use super::axis_label;

    #[test]
    fn units_are_read_from_the_ends_of_headers() {
        assert_eq!(axis_label("energy_uj"), "energy (µJ)");
        assert_eq!(axis_label("chip_area_mm2"), "chip area (mm²)");
        assert_eq!(axis_label("peak_tops_per_w"), "peak (TOPS/W)");
        assert_eq!(axis_label("tops_per_w"), "TOPS/W");
        assert_eq!(axis_label("arch.adc.bits"), "adc bits");
        assert_eq!(axis_label("accuracy"), "accuracy");
    }
}
