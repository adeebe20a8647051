//! `[adc]` and `[dac]`: the converters.

use rebias_config::{Interval, Problem, Table};
use rebias_converter::{AdcErrors, AdcRange, AdcSpec, DacSpec, noise_of_sndr};

use super::MAX_PARTS;

/// Resolution up to which transitions are tabulated.
const MAX_TABULATED_BITS: u32 = 16;
/// Of column sums on calibration images.
const PERCENTILE: &str = "per cent of the column sums lie below it: 0 is the least of them, and 100 the greatest";
/// Noise of a converter, in its steps.
pub(super) const NOISE_LSB: Interval = Interval::closed(0.0, 1e4);
/// What noise is.
pub(super) const NOISE: &str = "a standard deviation in steps of the converter: 0.5 is half a step, and 0 none";
/// Errors of single codes, in steps.
const LSB: Interval = Interval::closed(-1e4, 1e4);

pub(super) fn dac(table: &Table<'_>) -> Option<DacSpec> {
    let bits = table.integer::<u32>("bits", 1..=8);
    let inl = table.optional_numbers("inl_lsb", LSB);
    let (bits, inl) = (bits?, inl?.unwrap_or_default());
    let n_codes = 1 << bits;
    if !inl.is_empty() && inl.len() != n_codes {
        let problem = Problem::new(format!("{} errors for {n_codes} codes", inl.len()))
            .legal(format!("{n_codes} numbers, one for each code of {bits} bits"));
        table.fault("inl_lsb", problem);
        return None;
    }
    if inl.first().is_some_and(|&at_rest| at_rest != 0.0) {
        let problem = Problem::new("code 0 has an error")
            .legal("0 as the first number")
            .hint("code 0 leaves a word line at rest; take the error of code 0 off all others");
        table.fault("inl_lsb", problem);
        return None;
    }
    if inl.iter().enumerate().any(|(code, error)| code as f64 + error < 0.0) {
        table.fault("inl_lsb", Problem::new("a level is below 0").legal("no error of code x below -x"));
        return None;
    }
    Some(DacSpec { bits, inl })
}

/// The ADC, and how many an IMA has.
pub(super) fn adc(table: &Table<'_>) -> Option<(AdcSpec, u32)> {
    let bits = table.integer::<u32>("bits", 1..=24);
    let per_ima = table.integer("per_ima", 1..=MAX_PARTS);
    let conversions_per_cycle = table.integer("conversions_per_cycle", 1..=MAX_PARTS);
    let range = adc_range(table);
    let errors = adc_errors(table, bits);
    let spec = AdcSpec { bits: bits?, conversions_per_cycle: conversions_per_cycle?, range: range?, errors: errors? };
    Some((spec, per_ima?))
}

#[derive(Clone, Copy)]
enum RangeKind {
    FullScale,
    LosslessStep,
    Calibrated,
    LeastError,
    Fixed,
}

fn adc_range(table: &Table<'_>) -> Option<AdcRange> {
    let kinds = [
        ("full-scale", RangeKind::FullScale),
        ("lossless-step", RangeKind::LosslessStep),
        ("calibrated", RangeKind::Calibrated),
        ("least-error", RangeKind::LeastError),
        ("fixed", RangeKind::Fixed),
    ];
    // Keys of other ranges are allowed beside the chosen one, so that a sweep can switch between ranges.
    let percentile = |key| table.optional_number_hinted(key, Interval::closed(0.0, 100.0), PERCENTILE);
    let (low_percentile, high_percentile) = (percentile("low_percentile"), percentile("high_percentile"));
    let low = table.optional_number("low_levels", Interval::closed(-1e6, 1e6));
    let step = table.optional_number("step_levels", Interval::open_closed(0.0, 1e6));
    let needed = |key: &str, found: Option<Option<f64>>| {
        let found = found?;
        if found.is_none() {
            table.fault(key, Problem::new("missing key").legal("a number, which this `range` needs"));
        }
        found
    };
    match table.choice("range", &kinds)? {
        RangeKind::FullScale => Some(AdcRange::FullScale),
        RangeKind::LosslessStep => Some(AdcRange::LosslessStep),
        RangeKind::LeastError => Some(AdcRange::LeastError),
        RangeKind::Fixed => {
            let (low, step) = (needed("low_levels", low), needed("step_levels", step));
            Some(AdcRange::Fixed { low: low?, step: step? })
        }
        RangeKind::Calibrated => {
            let low = needed("low_percentile", low_percentile);
            let high = needed("high_percentile", high_percentile);
            let (low_percentile, high_percentile) = (low?, high?);
            if low_percentile >= high_percentile {
                let problem =
                    Problem::new("not below `adc.high_percentile`").legal(format!("0 <= x < {high_percentile}"));
                table.fault("low_percentile", problem);
                return None;
            }
            Some(AdcRange::Calibrated { low_percentile, high_percentile })
        }
    }
}

fn adc_errors(table: &Table<'_>, bits: Option<u32>) -> Option<AdcErrors> {
    let offset = table.number_or("offset_lsb", LSB, 0.0);
    let gain = table.number_or("gain_error", Interval::open_closed(-1.0, 10.0), 0.0);
    let inl = table.optional_numbers("inl_lsb", LSB);
    let dnl = table.optional_numbers("dnl_lsb", LSB);
    let noise = table.optional_number_hinted("noise_lsb", NOISE_LSB, NOISE);
    let sndr = table.optional_number("sndr_db", Interval::closed(-20.0, 200.0));
    let bits = bits?;
    let (inl, noise) = (displacements(table, bits, (inl?, dnl?)), noise_lsb(table, bits, (noise?, sndr?)));
    let errors = AdcErrors { offset: offset?, gain: gain?, inl: inl?, noise: noise? };
    check_tabulated(table, "bits", (bits, &errors))?;
    Some(errors)
}

/// The resolution of a converter whose transitions are tabulated, if it has such errors.
pub(super) fn check_tabulated(table: &Table<'_>, key: &str, (bits, errors): (u32, &AdcErrors)) -> Option<()> {
    if errors.is_static_ideal() || bits <= MAX_TABULATED_BITS {
        return Some(());
    }
    let problem = Problem::new("too many codes for an ADC with offset, gain error, INL or DNL")
        .legal(format!("1..={MAX_TABULATED_BITS}"))
        .hint("take fewer bits, or take these errors out of `[adc]`");
    table.fault(key, problem);
    None
}

/// INL of the transitions, from `inl_lsb` or as the running sum of `dnl_lsb`.
fn displacements(table: &Table<'_>, bits: u32, given: (Option<Vec<f64>>, Option<Vec<f64>>)) -> Option<Vec<f64>> {
    let n_transitions = (1usize << bits) - 1;
    let (key, given) = match given {
        (Some(_), Some(_)) => {
            let problem = Problem::new("given beside `adc.inl_lsb`").hint("each follows from the other: keep one");
            table.fault("dnl_lsb", problem);
            return None;
        }
        (Some(inl), None) => ("inl_lsb", inl),
        (None, Some(dnl)) => {
            let running = dnl.iter().scan(0.0, |sum, width| {
                *sum += width;
                Some(*sum)
            });
            ("dnl_lsb", running.collect())
        }
        (None, None) => return Some(Vec::new()),
    };
    if !given.is_empty() && given.len() != n_transitions {
        let problem = Problem::new(format!("{} errors for {n_transitions} transitions", given.len()))
            .legal(format!("{n_transitions} numbers, one for each transition between codes of {bits} bits"));
        table.fault(key, problem);
        return None;
    }
    Some(given)
}

fn noise_lsb(table: &Table<'_>, bits: u32, given: (Option<f64>, Option<f64>)) -> Option<f64> {
    match given {
        (Some(_), Some(_)) => {
            let problem =
                Problem::new("given beside `adc.noise_lsb`").hint("each says how much noise there is: keep one");
            table.fault("sndr_db", problem);
            None
        }
        (noise, None) => Some(noise.unwrap_or(0.0)),
        (None, Some(sndr)) => {
            let noise = noise_of_sndr(bits, sndr);
            if noise.is_none() {
                let best = 10.0 * (1.5 * f64::from(1u32 << bits).powi(2)).log10();
                let problem = Problem::new(format!("more than quantisation to {bits} bits leaves"))
                    .legal(format!("-20 <= x <= {best:.2}"))
                    .hint("leave the key out for a converter without noise");
                table.fault("sndr_db", problem);
            }
            noise
        }
    }
}
