//! The converters of a layer's arrays.

use rebias_converter::AdcModel;
use rebias_kernels::{Division, Histogram, Rounding, Tally, Transfer};

use crate::arrays::LayerArrays;
use crate::programming::CellUnit;
use crate::result::{Fidelity, Loss};
use crate::{EmulationError, FRACTION_BITS, LEVEL};

/// Sums are held in `i64`; analog ones leave room for the arithmetic of conversion.
const MAX_COLUMN_SUM: u64 = 1 << 40;
/// Longest table over sums of cells that is faster than arithmetic.
const MAX_LUT: u64 = 1 << 16;
/// Longest table over sums of cells, for converters whose transitions no arithmetic gives.
const MAX_DISPLACED: u64 = 1 << 24;

/// The ADCs of a layer, and what becomes of their codes.
#[derive(Clone, Debug)]
pub(crate) struct Converters {
    adc: AdcModel,
    pub(crate) transfer: Transfer,
    /// Fraction bits of converted sums.
    pub(crate) fraction_bits: u32,
    is_lossless: bool,
}

impl Converters {
    /// The converters of a layer with this range.
    ///
    /// Where cells are exact and no column of the layer can give a sum that the ADC loses, converted sums are rounded to
    /// whole levels. If moreover the sums of inputs are exact, or cells have no floor, that gives each level sum back.
    pub(crate) fn new(arrays: &LayerArrays, adc: AdcModel) -> Result<Self, EmulationError> {
        let max_column_sum = arrays.max_column_sum();
        let is_lossless = arrays.unit == CellUnit::Level && adc.is_lossless(LEVEL as u64, max_column_sum);
        let (transfer, fraction_bits) = if arrays.unit == CellUnit::Fraction {
            (fractional(&adc, arrays)?, FRACTION_BITS)
        } else if is_lossless {
            if arrays.floor == 0 || arrays.bias.is_exact(arrays.max_input_sum()) {
                (Transfer::Exact, 0)
            } else {
                (division(&adc, FRACTION_BITS, Rounding::ToNearest), FRACTION_BITS)
            }
        } else if arrays.floor > 0 {
            (division(&adc, FRACTION_BITS, Rounding::Keep), FRACTION_BITS)
        } else if adc.low() == 0 && adc.step() == LEVEL as u64 {
            (Transfer::Clip { max: adc.max_code() }, 0)
        } else {
            let lut = lut(&adc, LEVEL, (arrays.max_cell_sum(), MAX_LUT));
            let lut = lut.unwrap_or_else(|| division(&adc, FRACTION_BITS, Rounding::Keep));
            (lut, FRACTION_BITS)
        };
        let converters = Self { adc, transfer, fraction_bits, is_lossless };
        converters.check(arrays)?;
        Ok(converters)
    }

    /// Sums that are only looked at, for calibration.
    pub(crate) fn probe(arrays: &LayerArrays) -> Result<Self, EmulationError> {
        check("a column's sum", arrays, (arrays.max_column_sum().into(), MAX_COLUMN_SUM.into()))?;
        let adc = AdcModel::lossless_step(1);
        Ok(Self { adc, transfer: Transfer::Exact, fraction_bits: 0, is_lossless: true })
    }

    fn check(&self, arrays: &LayerArrays) -> Result<(), EmulationError> {
        let max_column_sum = arrays.max_column_sum();
        check("a column's sum", arrays, (max_column_sum.into(), MAX_COLUMN_SUM.into()))?;
        // A decoded sum is at most a step beyond the sum itself, unless the whole range is.
        let max_decoded = (max_column_sum + self.adc.step()).max(self.adc.low().unsigned_abs());
        let max_estimate = arrays.bias.max_estimate(arrays.max_input_sum() as i64).unsigned_abs();
        let max_converted = max_decoded + arrays.floor as u64 * max_estimate + LEVEL as u64;
        check("a sum", arrays, (arrays.bound(max_converted, max_estimate), i64::MAX as u128))
    }

    /// Where sums are recorded, if something is lost of them.
    pub(crate) fn tally(&self, arrays: &LayerArrays) -> Option<Tally> {
        (!self.is_lossless).then(|| tally(arrays))
    }

    /// What was lost of recorded sums.
    pub(crate) fn fidelity(&self, arrays: &LayerArrays, tally: Option<&Tally>) -> Fidelity {
        let Some(tally) = tally else { return Fidelity::Lossless };
        let mut loss = Loss::default();
        for (sum, times) in recorded(arrays, tally) {
            loss.add(&self.adc, sum as i64, times);
        }
        Fidelity::Lossy(loss)
    }
}

fn check(what: &'static str, arrays: &LayerArrays, (bound, limit): (u128, u128)) -> Result<(), EmulationError> {
    if bound <= limit {
        return Ok(());
    }
    Err(EmulationError::TooLarge { layer: arrays.name.clone(), what, bound, limit })
}

/// A tally of a layer's column sums: of level sums where they decide, which are far fewer.
pub(crate) fn tally(arrays: &LayerArrays) -> Tally {
    if arrays.lift() == 0 {
        Tally { histogram: Histogram::new(arrays.max_cell_sum()), shift: 0 }
    } else {
        Tally { histogram: Histogram::new(arrays.max_column_sum()), shift: FRACTION_BITS }
    }
}

/// The recorded sums in units, ascending, each with how often it occurred.
fn recorded(arrays: &LayerArrays, tally: &Tally) -> impl Iterator<Item = (u64, u64)> {
    tally.histogram.iter().map(|(sum, times)| (units((arrays, tally), sum), times))
}

/// A number of the histogram in units.
pub(crate) fn units((arrays, tally): (&LayerArrays, &Tally), sum: u64) -> u64 {
    sum << (arrays.unit.shift() - tally.shift)
}

/// The converters of sums of conductances.
fn fractional(adc: &AdcModel, arrays: &LayerArrays) -> Result<Transfer, EmulationError> {
    let max_sum = arrays.max_column_sum();
    if adc.transitions().is_none() {
        return Ok(lut(adc, 1, (max_sum, MAX_LUT)).unwrap_or_else(|| division(adc, 0, Rounding::Keep)));
    }
    lut(adc, 1, (max_sum, MAX_DISPLACED)).ok_or_else(|| EmulationError::TooLarge {
        layer: arrays.name.clone(),
        what: "a column's sum, with errors of the ADC that are tabulated,",
        bound: max_sum.into(),
        limit: MAX_DISPLACED.into(),
    })
}

fn division(adc: &AdcModel, shift: u32, rounding: Rounding) -> Transfer {
    Transfer::Division(Division::new(shift, adc.low(), adc.step(), (adc.max_code(), rounding)))
}

/// Converted sums of all sums of cells, of `unit` units each, if the table is not too long and they fit in it.
fn lut(adc: &AdcModel, unit: i64, (max_sum, max_length): (u64, u64)) -> Option<Transfer> {
    if max_sum > max_length {
        return None;
    }
    let value = |sum: u64| i32::try_from(adc.decoded(adc.code(sum as i64 * unit))).ok();
    (0..=max_sum).map(value).collect::<Option<_>>().map(Transfer::Lut)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Transfer::Exact` takes for granted: the ADC's arithmetic gives every level sum back.
    #[test]
    fn a_lossless_division_gives_each_level_sum_back() {
        for (floor, bits) in [(0, 9), (20, 9), (27, 9), (384, 10), (5000, 13)] {
            let (n_rows, max_level) = (128, 3);
            let adc = AdcModel::lossless_step(bits);
            let max_column_sum = n_rows * (max_level * 128 + floor);
            assert!(adc.is_lossless(128, max_column_sum as u64), "{floor}");
            let Transfer::Division(division) = division(&adc, FRACTION_BITS, Rounding::ToNearest) else {
                unreachable!("that is what it makes")
            };
            for inputs in 0..=n_rows {
                for sum in 0..=inputs * max_level {
                    let offset = floor * inputs;
                    assert_eq!(division.value(sum as u32, offset, offset), sum * 128, "{floor}: {sum} of {inputs}");
                }
            }
        }
    }

    #[test]
    fn a_table_agrees_with_the_division_that_it_replaces() {
        for adc in [AdcModel::full_scale(6, 384 * 128), AdcModel::calibrated(5, 7000, 30000)] {
            let (Some(lut), division) =
                (lut(&adc, LEVEL, (384, MAX_LUT)), division(&adc, FRACTION_BITS, Rounding::Keep))
            else {
                unreachable!("a short table")
            };
            for sum in 0..=384 {
                let converted = lut.value(sum, 0, 0);
                assert_eq!(converted, division.value(sum, 0, 0));
                assert_eq!(converted, adc.decoded(adc.code(i64::from(sum) * 128)));
            }
        }
    }
}
