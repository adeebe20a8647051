//! What columns of results mean: words, units, and whether more of it is better.

/// What is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A smaller value.
    Less,
    /// A larger value.
    More,
}

impl Wish {
    /// A number that is smaller for what is better.
    pub(crate) fn cost(self, value: f64) -> f64 {
        match self {
            Wish::Less => value,
            Wish::More => -value,
        }
    }
}

/// What a column of results means.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// What it is called in a legend.
    pub words: String,
    /// The unit that it is shown in; none for numbers without one.
    pub unit: Option<Unit>,
    /// What its values are multiplied with, to be in that unit.
    pub factor: f64,
    /// What is better.
    pub wish: Wish,
}

/// A unit, and what is measured in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// As it is printed.
    pub symbol: &'static str,
    /// What it measures.
    pub quantity: &'static str,
}

/// Endings of columns with what they say, longer ones before those that they end with.
const UNITS: &[(&str, &str, &str)] = &[
    ("tops_per_w", "TOPS/W", "efficiency"),
    ("gops_per_mm2", "GOPS/mm²", "density"),
    ("energy_uj", "µJ", "energy"),
    ("_uj", "µJ", "energy"),
    ("_us", "µs", "time"),
    ("_ns", "ns", "time"),
    ("_s", "s", "time"),
    ("_mm2", "mm²", "area"),
    ("_mw", "mW", "power"),
    ("_w", "W", "power"),
    ("_v", "V", "voltage"),
    ("_ghz", "GHz", "frequency"),
    ("_ohm", "Ω", "resistance"),
    ("_ff", "fF", "capacitance"),
    ("_microsiemens", "µS", "conductance"),
    ("_ua", "µA", "current"),
    ("_db", "dB", "ratio"),
    ("_lsb", "LSB", "error"),
    ("_percentile", "%", "percentile"),
    ("_levels", "levels", "levels"),
    ("bits", "bits", "resolution"),
    ("_bytes", "bytes", "capacity"),
    ("_kib", "KiB", "capacity"),
];

/// Columns that hold fractions, which are shown in per cent.
const SHARES: &[&str] = &["accuracy", "agreement", "utilisation", "accuracy_deviation", "adc_clip_rate"];
/// Endings of columns of which more is better.
const WANTED: &[&str] = &["accuracy", "agreement", "utilisation", "tops_per_w", "gops_per_mm2", "_snr_db", "sndr_db"];
/// Names whose words are not simply theirs.
const NAMES: &[(&str, &str)] = &[
    ("adc.bits", "ADC resolution"),
    ("cell.bits", "cell resolution"),
    ("dac.bits", "DAC resolution"),
    ("cell.variation.sigma", "programming error σ"),
    ("cell.read_noise.sigma", "read noise σ"),
    ("cell.drift.time_s", "time since programming"),
    ("energy_uj", "energy of an image"),
    ("energy_always_on_uj", "energy of an image, always on"),
    ("latency_us", "latency"),
    ("interval_us", "interval between images"),
    ("area_mm2", "area of allocated tiles"),
    ("tops_per_w", "efficiency"),
    ("gops_per_mm2", "density"),
    ("dynamic_uj", "dynamic"),
    ("static_gated_uj", "static, idle parts off"),
    ("static_always_on_uj", "static, always on"),
    ("alone_loss", "alone"),
    ("added_loss", "added to all others"),
];
/// Words that are written otherwise.
const ACRONYMS: &[(&str, &str)] = &[
    ("adc", "ADC"),
    ("dac", "DAC"),
    ("ima", "IMA"),
    ("imas", "IMAs"),
    ("edram", "eDRAM"),
    ("noc", "NoC"),
    ("snr", "SNR"),
    ("inl", "INL"),
    ("dnl", "DNL"),
    ("lrs", "LRS"),
    ("hrs", "HRS"),
];
const PER_CENT: Unit = Unit { symbol: "%", quantity: "share" };
const POINTS: Unit = Unit { symbol: "percentage points", quantity: "accuracy lost" };

impl Column {
    /// What a column means by its name.
    pub fn of(name: &str) -> Self {
        let bare = ["arch.", "costs.", "run."].into_iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        let wish = if WANTED.iter().any(|ending| bare.ends_with(ending)) { Wish::More } else { Wish::Less };
        let (unit, factor) = if SHARES.contains(&bare) {
            (Some(PER_CENT), 100.0)
        } else if bare.ends_with("_loss") {
            (Some(POINTS), 100.0)
        } else {
            let known = UNITS.iter().find(|(ending, ..)| bare.ends_with(ending));
            (known.map(|&(_, symbol, quantity)| Unit { symbol, quantity }), 1.0)
        };
        let named = NAMES.iter().find(|(known, _)| *known == bare).map(|(_, words)| (*words).to_owned());
        Self { words: named.unwrap_or_else(|| words(bare)), unit, factor, wish }
    }

    /// The label of an axis: `energy of an image (µJ)`.
    pub fn label(&self) -> String {
        self.unit.map_or_else(|| self.words.clone(), |unit| format!("{} ({})", self.words, unit.symbol))
    }
}

/// `cell.on_off_ratio` as words, without its unit.
fn words(name: &str) -> String {
    let ending =
        UNITS.iter().map(|(ending, ..)| *ending).find(|ending| ending.starts_with('_') && name.ends_with(ending));
    let name = ending.and_then(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let written =
        |word: &str| ACRONYMS.iter().find(|(known, _)| *known == word).map_or(word.to_owned(), |it| it.1.to_owned());
    name.split(['.', '_']).map(written).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_words_units_and_what_is_better() {
        let labels = [
            ("energy_uj", "energy of an image (µJ)"),
            ("chip_area_mm2", "chip area (mm²)"),
            ("tops_per_w", "efficiency (TOPS/W)"),
            ("arch.adc.bits", "ADC resolution (bits)"),
            ("arch.crossbar.wire_resistance_ohm", "crossbar wire resistance (Ω)"),
            ("arch.cell.on_off_ratio", "cell on off ratio"),
            ("accuracy", "accuracy (%)"),
            ("arch.adc.noise_lsb", "ADC noise (LSB)"),
            ("crossbars", "crossbars"),
        ];
        for (name, label) in labels {
            assert_eq!(Column::of(name).label(), label);
        }
        assert_eq!(Column::of("accuracy").wish, Wish::More);
        assert_eq!(Column::of("energy_uj").wish, Wish::Less);
    }
}
