//! The converters of a layer's arrays.

use rebias_converter::AdcModel;
use rebias_kernels::{Histogram, Tally, Transfer, Uniform};

use crate::arrays::{CellState, CellUnit, LayerArrays};
use crate::outputs::affine;
use crate::result::{Fidelity, Loss};
use crate::{EmulationError, FRACTION_BITS, LEVEL};

/// Analog sums leave room for the arithmetic of conversion.
const MAX_COLUMN_SUM: u64 = 1 << 40;
/// Longest table of codes.
const MAX_DISPLACED: u128 = 1 << 24;
/// Sums of codes below this are looked up in 16 bits.
const MAX_CODE_SUM: u64 = 1 << 16;
/// Columns and positions of a layer whose sums are recorded, if it has so many.
const MIN_RECORDED: usize = 8;
/// One of 1024 columns and positions is recorded at least.
const MAX_SPARSITY: u32 = 10;

/// The ADCs of a layer, and what becomes of their codes.
#[derive(Clone, Debug)]
pub(crate) struct Converters {
    adc: AdcModel,
    pub(crate) transfer: Transfer,
    /// In which unit it wants the cells.
    pub(crate) unit: CellUnit,
    /// What a converted sum is worth, in units.
    pub(crate) scale: i64,
    /// What a converted sum of 0 stands for, in units.
    pub(crate) base: i64,
    /// What the floor of the cells adds for each input, where it is taken off after conversion, in units.
    pub(crate) pedestal: i64,
    is_lossless: bool,
}

impl Converters {
    /// The converters of a layer with this range.
    ///
    /// Where cells are exact and no column of the layer can give a sum that the ADC loses, converted sums are rounded to
    /// whole levels, unless a floor is taken off them that a noisy conversion tells. If moreover the sums of inputs are
    /// exact, or cells have no floor, that gives each level sum back.
    pub(crate) fn new(arrays: &LayerArrays, adc: AdcModel) -> Result<Self, EmulationError> {
        let is_exact = arrays.cells == CellState::Exact && !arrays.is_noisy() && !arrays.is_signed();
        let is_lossless = is_exact && adc.is_lossless(LEVEL as u64, arrays.max_column_sum());
        let has_floor = arrays.floor > 0;
        let (low, step) = (adc.low(), adc.step());
        let uniform = Uniform::new(low, step, adc.max_code());
        let is_clip = low == 0 && step == LEVEL as u64 && is_exact && adc.is_ideal();
        let max_code = adc.max_code();
        let displaced = displaced(&adc, arrays)?;
        let levels =
            |transfer| Self { adc, transfer, unit: CellUnit::Level, scale: LEVEL, base: 0, pedestal: 0, is_lossless };
        let converters = if is_lossless && (!has_floor || arrays.bias.is_exact(arrays.max_input_sum())) {
            let takes_codes = arrays.worth.len() > 1
                && !arrays.has_pairs()
                && !arrays.has_flips()
                && arrays.max_code_sum() < MAX_CODE_SUM;
            let unit = if takes_codes { CellUnit::Code } else { CellUnit::Level };
            Self { unit, ..levels(Transfer::Exact) }
        } else if is_lossless && arrays.bias.noise_variance() == 0.0 {
            let transfer = Transfer::Rounded { uniform, bits: FRACTION_BITS };
            Self { unit: CellUnit::Conductance, ..levels(transfer) }
        } else if !has_floor && is_clip {
            levels(Transfer::Clip { max: max_code })
        } else {
            let (unit, scale, pedestal) = (arrays.unit(), step as i64, arrays.floor);
            let transfer = displaced.unwrap_or(Transfer::Uniform(uniform));
            Self { unit, scale, base: low, pedestal, ..levels(transfer) }
        };
        converters.check(arrays)?;
        Ok(converters)
    }

    /// Sums that are only looked at, for calibration.
    pub(crate) fn probe(arrays: &LayerArrays) -> Result<Self, EmulationError> {
        check("a column's sum", arrays, (arrays.max_column_sum().into(), MAX_COLUMN_SUM.into()))?;
        let adc = AdcModel::lossless_step(1);
        let transfer = Transfer::Uniform(Uniform::new(adc.low(), adc.step(), adc.max_code()));
        Ok(Self { adc, transfer, unit: arrays.unit(), scale: LEVEL, base: 0, pedestal: 0, is_lossless: true })
    }

    /// Columns of an output that the kernel sums.
    pub(crate) fn n_columns(&self, arrays: &LayerArrays) -> usize {
        match self.unit {
            CellUnit::Code => 1,
            CellUnit::Level | CellUnit::Conductance => arrays.worth.len(),
        }
    }

    /// Whether conversion needs to know what is taken for the floor of the cells.
    pub(crate) fn takes_drops(&self) -> bool {
        matches!(self.transfer, Transfer::Rounded { .. })
    }

    /// The greatest converted sum in magnitude.
    pub(crate) fn max_value(&self, arrays: &LayerArrays) -> u128 {
        match &self.transfer {
            Transfer::Exact | Transfer::Clip { .. } => match self.unit {
                CellUnit::Level => arrays.max_level_sum().into(),
                CellUnit::Code => arrays.max_code_sum().into(),
                CellUnit::Conductance => arrays.max_column_sum().into(),
            },
            Transfer::Uniform(uniform) => uniform.max_code().into(),
            Transfer::Table { codes, .. } => codes.iter().max().map_or(0, |&code| code.into()),
            // Less than all inputs' floor, and the rest of a level, beyond the sum itself.
            Transfer::Rounded { .. } => {
                let max_estimate = arrays.estimate(arrays.max_input_sum() as i64).unsigned_abs();
                u128::from(arrays.max_column_sum()) + u128::from(arrays.floor as u64) * u128::from(max_estimate) + 1
            }
        }
    }

    /// The greatest magnitudes of a column's total and of the estimated sum of inputs.
    pub(crate) fn max_totals(&self, arrays: &LayerArrays) -> (u128, u128) {
        let max_estimate = u128::from(arrays.max_estimate().unsigned_abs());
        let max_weight = arrays.max_weight();
        (self.max_value(arrays).saturating_mul(max_weight), max_estimate.saturating_mul(max_weight))
    }

    fn check(&self, arrays: &LayerArrays) -> Result<(), EmulationError> {
        check("a column's sum", arrays, (arrays.max_column_sum().into(), MAX_COLUMN_SUM.into()))?;
        check("the current of what is subtracted", arrays, (arrays.max_lift().into(), i32::MAX as u128))?;
        let (max_total, max_inputs) = self.max_totals(arrays);
        check("the sum of inputs", arrays, (max_inputs, i32::MAX as u128))?;
        check("a total", arrays, (max_total, i64::MAX as u128))?;
        let bound = (0..arrays.out_channels()).map(|channel| {
            let affine = affine(arrays, self, channel);
            affine.bound(max_total, max_inputs)
        });
        check("a sum", arrays, (bound.max().unwrap_or(0), i64::MAX as u128))
    }

    /// Where sums are recorded, if something is lost of them: all of a small layer's, of a large one's a share.
    pub(crate) fn tally(&self, arrays: &LayerArrays) -> Option<Tally> {
        let n_columns = arrays.out_channels() * arrays.worth.len();
        let n_recorded = n_columns * arrays.out_shape.positions() / MIN_RECORDED;
        let sparsity = n_recorded.max(1).ilog2().min(MAX_SPARSITY);
        (!self.is_lossless).then(|| Tally { sparsity, ..self.tally_of_all(arrays) })
    }

    /// A tally of all of a layer's column sums: of level sums where they decide, which are far fewer.
    pub(crate) fn tally_of_all(&self, arrays: &LayerArrays) -> Tally {
        let (noise, shift) = match arrays.unit() {
            CellUnit::Level if !arrays.is_noisy() && self.adc.noise_variance() == 0.0 => {
                (0, arrays.grain().trailing_zeros())
            }
            CellUnit::Level | CellUnit::Conductance | CellUnit::Code => {
                (arrays.max_noise(self.adc.noise_variance()), 0)
            }
        };
        // Unless something is subtracted, what noise takes below 0 counts as 0.
        let below = if arrays.is_signed() { arrays.max_lift() + noise } else { 0 };
        let max = (arrays.max_column_sum() + below + noise) >> shift;
        Tally { histogram: Histogram::new(max), first: -(below as i64), shift, sparsity: 0 }
    }

    /// Variance of what noise adds to each converted sum, in squared units.
    pub(crate) fn noise_variance(&self) -> f64 {
        self.adc.noise_variance()
    }

    /// What was lost of recorded sums.
    pub(crate) fn fidelity(&self, tally: Option<&Tally>) -> Fidelity {
        let Some(tally) = tally else { return Fidelity::Lossless };
        let mut loss = Loss::default();
        for (sum, times) in recorded(tally) {
            loss.add(&self.adc, sum, times);
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

/// The codes of an ADC whose transitions no arithmetic gives.
fn displaced(adc: &AdcModel, arrays: &LayerArrays) -> Result<Option<Transfer>, EmulationError> {
    let Some(&[first, .., last] | &[first @ last]) = adc.transitions() else { return Ok(None) };
    let length = i128::from(last) - i128::from(first) + 2;
    check("the span of an ADC's transitions", arrays, (length as u128, MAX_DISPLACED))?;
    // From the last sum of code 0 to the first of the last code.
    let codes = (first - 1..=last).map(|sum| adc.code(sum) as u16).collect();
    Ok(Some(Transfer::Table { first: first - 1, codes }))
}

/// The recorded sums in units, ascending, each with how often it occurred.
fn recorded(tally: &Tally) -> impl Iterator<Item = (i64, u64)> + '_ {
    tally.histogram.iter().map(|(sum, times)| (units(tally, sum), times))
}

/// A number of the histogram in units.
pub(crate) fn units(tally: &Tally, sum: u64) -> i64 {
    tally.first + (sum << tally.shift) as i64
}

/// Σ (decoded − sum)² over recorded sums, in squared units.
pub(crate) fn squared_error(adc: &AdcModel, tally: &Tally) -> u128 {
    let error =
        |(sum, times): (i64, u64)| u128::from(adc.decoded(adc.code(sum)).abs_diff(sum)).pow(2) * u128::from(times);
    recorded(tally).map(error).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Transfer::Exact` takes for granted: the ADC's arithmetic gives every level sum back.
    #[test]
    fn a_lossless_converter_gives_each_level_sum_back() {
        for (floor, bits) in [(0, 9), (20, 9), (27, 9), (384, 10), (5000, 13)] {
            let (n_rows, max_level) = (128, 3);
            let adc = AdcModel::lossless_step(bits);
            let max_column_sum = n_rows * (max_level * 128 + floor);
            assert!(adc.is_lossless(128, max_column_sum as u64), "{floor}");
            let uniform = Uniform::new(adc.low(), adc.step(), adc.max_code());
            let rounded = Transfer::Rounded { uniform, bits: FRACTION_BITS };
            for inputs in 0..=n_rows {
                for sum in 0..=inputs * max_level {
                    let pedestal = floor * inputs;
                    let found = rounded.value(sum * 128 + pedestal, 0, pedestal);
                    assert_eq!(found, sum, "{floor}: {sum} of {inputs}");
                }
            }
        }
    }
}
