//! What value a cell has.

use rebias_units::Conductance;

use super::faults::Fault;
use super::{CellSpec, NonIdealities, OnOff, ReadNoiseSpec, VariationSpec};
use crate::random::{ArrayDraws, Purpose};

/// Fraction bits of a conductance in units of one level: 1 level = 128 units.
pub const FRACTION_BITS: u32 = 7;
/// Units of a level.
const UNITS: f64 = (1 << FRACTION_BITS) as f64;

/// Conductances of cells in units of one level, (G_on − G₀)/(2^c − 1), G₀ being that of level 0.
#[derive(Clone, Debug, PartialEq)]
pub struct CellModel {
    max_level: u32,
    /// Conductance of level 0, g₀.
    offset: f64,
    /// The device's lowest conductance, g₀ less the headroom.
    off: f64,
    /// Least conductance that errors and drift leave.
    lowest: f64,
    level: Conductance,
    non_idealities: NonIdealities,
}

/// A programmed cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProgrammedCell {
    /// The level that it is in: the written one, unless it is stuck.
    pub level: u8,
    /// Its conductance in levels.
    pub conductance: f64,
}

impl CellModel {
    /// The model of a cell.
    pub fn new(spec: &CellSpec) -> Self {
        // Of a device from G_off to G_on, the headroom lifts level 0 above G_off.
        let range = f64::from(spec.max_level()) + spec.headroom;
        let off = match spec.on_off {
            OnOff::Infinite => 0.0,
            OnOff::Ratio(ratio) => range / (ratio - 1.0),
        };
        let level = spec.on_conductance / (range + off);
        Self {
            max_level: spec.max_level(),
            offset: off + spec.headroom,
            off,
            lowest: spec.non_idealities.lowest / level,
            level,
            non_idealities: spec.non_idealities.clone(),
        }
    }

    /// Conductance of level 0, g₀, in units of 1/128 level, rounded half up.
    pub fn offset_units(&self) -> u32 {
        units(self.offset)
    }

    /// Conductance of a level in units of 1/128 level, if nothing is wrong with the cell.
    pub fn units(&self, level: u32) -> u32 {
        (level << FRACTION_BITS) + self.offset_units()
    }

    /// Conductance of level 0, g₀, in levels.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// What one level conducts.
    pub fn level(&self) -> Conductance {
        self.level
    }

    /// Whether every cell conducts what its level says.
    pub fn is_exact(&self) -> bool {
        let NonIdealities { lowest: _, variation, faults, drift, read_noise: _, current_voltage } =
            &self.non_idealities;
        variation.is_none() && faults.is_none() && drift.is_none() && current_voltage.is_none()
    }

    /// Whether a cell's conductance changes from read to read.
    pub fn is_noisy(&self) -> bool {
        self.non_idealities.read_noise.is_some()
    }

    /// A cell written with `level`, with its errors drawn.
    pub(crate) fn program(&self, level: u8, draws: &ArrayDraws, cell: (u32, u32)) -> ProgrammedCell {
        self.program_to(level.into(), draws, cell)
    }

    /// A cell written to anywhere between the lowest and the highest level, with its errors drawn.
    pub(crate) fn program_to(&self, target: f64, draws: &ArrayDraws, cell: (u32, u32)) -> ProgrammedCell {
        let faults = self.non_idealities.faults.as_ref();
        match faults.and_then(|faults| faults.of(draws.cell(Purpose::Fault, cell).uniform())) {
            Some(Fault::StuckLrs) => {
                ProgrammedCell { level: self.max_level as u8, conductance: f64::from(self.max_level) + self.offset }
            }
            Some(Fault::StuckHrs) => ProgrammedCell { level: 0, conductance: self.off },
            // Between two levels it is taken for the nearer one.
            None => ProgrammedCell {
                level: (target + 0.5).floor() as u8,
                conductance: self.drifted(target + self.offset, draws, cell),
            },
        }
    }

    fn drifted(&self, target: f64, draws: &ArrayDraws, cell: (u32, u32)) -> f64 {
        let mut conductance = match &self.non_idealities.variation {
            Some(variation) => {
                let draw = draws.cell(Purpose::Variation, cell).gaussian();
                self.varied(variation, target, draw).max(self.lowest)
            }
            None => target,
        };
        if let Some(drift) = &self.non_idealities.drift {
            let draw = draws.cell(Purpose::Drift, cell).gaussian();
            conductance = (conductance * drift.factor(draw)).max(self.lowest);
        }
        conductance
    }

    fn varied(&self, variation: &VariationSpec, target: f64, draw: f64) -> f64 {
        match variation {
            VariationSpec::GaussianOfRange(sigma) => target + sigma * f64::from(self.max_level) * draw,
            VariationSpec::GaussianOfTarget(sigma) => target + sigma * target * draw,
            VariationSpec::Lognormal(sigma) => target * libm::exp(sigma * draw),
            VariationSpec::Measured(measured) => target + measured.at(self.level * target) / self.level * draw,
        }
    }

    /// Current of a cell driven at the read voltage, as the conductance of an ohmic cell with the same current.
    pub fn at_read_voltage(&self, cell: ProgrammedCell) -> f64 {
        self.current(cell, 1.0)
    }

    /// Current of a cell driven at a share `u` of the read voltage, in units of one level at the read voltage.
    pub fn current(&self, cell: ProgrammedCell, u: f64) -> f64 {
        let relative = match &self.non_idealities.current_voltage {
            Some(curve) => curve.relative_current(usize::from(cell.level), u),
            None => u,
        };
        cell.conductance * relative
    }

    /// How fast that current grows with `u`.
    pub fn slope(&self, cell: ProgrammedCell, u: f64) -> f64 {
        let relative = match &self.non_idealities.current_voltage {
            Some(curve) => curve.relative_slope(usize::from(cell.level), u),
            None => 1.0,
        };
        cell.conductance * relative
    }

    /// Deviation of a cell's conductance from read to read, in levels.
    pub fn read_sigma(&self, conductance: f64) -> f64 {
        match self.non_idealities.read_noise {
            None => 0.0,
            Some(ReadNoiseSpec::OfRange(sigma)) => sigma * f64::from(self.max_level),
            Some(ReadNoiseSpec::OfConductance(sigma)) => sigma * conductance,
        }
    }
}

/// A conductance in units of 1/128 level, rounded half up.
pub fn units(conductance: f64) -> u32 {
    // What is too large for 32 bits becomes the largest number, which no sum of an array can hold.
    (conductance * UNITS + 0.5).floor() as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rebias_units::{Time, Voltage};

    use super::*;
    use crate::{ChipSeed, CurrentVoltageSpec, DriftSpec, FaultSpec, ReadEnergy};

    fn spec(on_off: OnOff, non_idealities: NonIdealities) -> CellSpec {
        CellSpec {
            bits: 2,
            device_bits: 2,
            on_off,
            on_conductance: Conductance::from_microsiemens(40.0),
            read_voltage: Voltage::from_volts(0.2),
            read_energy: ReadEnergy::Constant,
            headroom: 0.0,
            non_idealities,
        }
    }

    fn model(change: impl FnOnce(&mut NonIdealities)) -> CellModel {
        let mut non_idealities = NonIdealities::NONE;
        change(&mut non_idealities);
        CellModel::new(&spec(OnOff::Infinite, non_idealities))
    }

    /// Conductances of `n` cells written with a level.
    fn programmed(model: &CellModel, level: u8, n: u32) -> Vec<f64> {
        let draws = ArrayDraws::new(ChipSeed { seed: 5, chip: 0 }, 0, 0);
        (0..n).map(|line| model.program(level, &draws, (line, 0)).conductance).collect()
    }

    fn moments(conductances: &[f64]) -> (f64, f64) {
        let n = conductances.len() as f64;
        let mean = conductances.iter().sum::<f64>() / n;
        let variance = conductances.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt())
    }

    const N: u32 = 40_000;
    /// Four deviations of a sample mean, and of a sample deviation, of N Gaussian draws of deviation σ: 4·σ/√N and
    /// 4·σ/√(2N).
    const MEAN_BOUND: f64 = 4.0 / 200.0;
    const SIGMA_BOUND: f64 = 4.0 / 282.8;

    #[test]
    fn an_infinite_ratio_has_no_offset() {
        assert_eq!(model(|_| {}).units(3), 384);
        assert!(model(|_| {}).is_exact());
    }

    #[test]
    fn a_finite_ratio_lifts_every_level_alike() {
        // g₀ = 3/19 of a level = 20.2 units
        let model = CellModel::new(&spec(OnOff::Ratio(20.0), NonIdealities::NONE));
        assert_eq!(model.offset_units(), 20);
        assert_eq!(model.units(3), 404);
        assert!((model.level().microsiemens() * (3.0 + 3.0 / 19.0) - 40.0).abs() < 1e-12, "G_on is the highest level");
    }

    #[test]
    fn headroom_lifts_level_0_above_the_device() {
        let mut spec = spec(OnOff::Ratio(8.0), NonIdealities::NONE);
        spec.headroom = 0.5;
        let model = CellModel::new(&spec);
        // 3.5 levels from G_off to G_on, so that G_off = 3.5/7 = 0.5 levels and g₀ = 1.
        assert_eq!((model.offset, model.off), (1.0, 0.5));
        assert_eq!(model.level().microsiemens(), 10.0);
    }

    #[test]
    fn gaussian_errors_have_the_deviation_that_is_stated() {
        for (variation, level, sigma) in [
            (VariationSpec::GaussianOfRange(0.05), 3, 0.15),
            (VariationSpec::GaussianOfRange(0.05), 2, 0.15),
            (VariationSpec::GaussianOfTarget(0.05), 2, 0.1),
        ] {
            let model = model(|it| it.variation = Some(variation));
            let (mean, deviation) = moments(&programmed(&model, level, N));
            assert!((mean - f64::from(level)).abs() < MEAN_BOUND * sigma, "{mean}");
            assert!((deviation - sigma).abs() < SIGMA_BOUND * sigma, "{deviation}");
        }
    }

    #[test]
    fn lognormal_errors_have_the_moments_of_their_closed_form() {
        let model = model(|it| it.variation = Some(VariationSpec::Lognormal(0.1)));
        let conductances = programmed(&model, 2, N);
        // Mean 2·e^(σ²/2), deviation mean·√(e^σ² − 1). The deviation's own spread is a little above a Gaussian's.
        let expected = 2.0 * (0.005f64).exp();
        let sigma = expected * ((0.01f64).exp() - 1.0).sqrt();
        let (mean, deviation) = moments(&conductances);
        assert!((mean - expected).abs() < MEAN_BOUND * sigma, "{mean}");
        assert!((deviation - sigma).abs() < 1.5 * SIGMA_BOUND * sigma, "{deviation}");
    }

    #[test]
    fn errors_do_not_take_a_cell_below_the_lowest_conductance() {
        let model = model(|it| {
            it.variation = Some(VariationSpec::GaussianOfRange(0.2));
            it.lowest = Conductance::from_microsiemens(4.0);
        });
        let conductances = programmed(&model, 0, 1000);
        // One level is 40/3 µS.
        let lowest = 0.3;
        assert!(conductances.iter().all(|&g| g >= lowest - 1e-12));
        assert!(conductances.iter().any(|&g| (g - lowest).abs() < 1e-12));
    }

    #[test]
    fn stuck_cells_are_as_frequent_as_stated() {
        let model = model(|it| it.faults = Some(FaultSpec { stuck_lrs: 0.09, stuck_hrs: 0.02 }));
        let conductances = programmed(&model, 1, N);
        for (conductance, share) in [(3.0, 0.09f64), (0.0, 0.02), (1.0, 0.89)] {
            let found = conductances.iter().filter(|&&g| g == conductance).count() as f64 / f64::from(N);
            // Four deviations of a binomial share.
            assert!(
                (found - share).abs() < 4.0 * (share * (1.0 - share) / f64::from(N)).sqrt(),
                "{conductance}: {found}"
            );
        }
    }

    #[test]
    fn drift_is_none_at_the_reference_time_and_a_power_law_later() {
        let at = |seconds: f64, sigma| {
            model(|it| {
                it.drift = Some(DriftSpec {
                    time: Time::from_seconds(seconds),
                    reference: Time::from_seconds(1.0),
                    exponent_mean: -0.1,
                    exponent_sigma: sigma,
                });
            })
        };
        assert!(programmed(&at(1.0, 0.05), 3, 100).iter().all(|&g| g == 3.0));
        let drifted = programmed(&at(1024.0, 0.0), 2, 1)[0];
        assert!((drifted - 1.0).abs() < 1e-12, "2·1024^−0.1 = {drifted}");
        // ln(G/G₀)/ln(t/t₀) is ν.
        let exponents: Vec<_> =
            programmed(&at(1024.0, 0.05), 2, N).iter().map(|g| (g / 2.0).ln() / 1024f64.ln()).collect();
        let (mean, deviation) = moments(&exponents);
        assert!((mean + 0.1).abs() < MEAN_BOUND * 0.05, "{mean}");
        assert!((deviation - 0.05).abs() < SIGMA_BOUND * 0.05, "{deviation}");
    }

    #[test]
    fn a_polynomial_current_is_that_of_the_level_which_the_cell_is_in() {
        let model = model(|it| {
            let coefficients = vec![vec![1.0], vec![1.0], vec![1.0], vec![0.5, 0.25]];
            it.current_voltage = Some(CurrentVoltageSpec { coefficients });
        });
        let cell = |level, conductance| ProgrammedCell { level, conductance };
        assert_eq!(model.at_read_voltage(cell(3, 2.8)), 2.8 * 0.75);
        assert_eq!(model.at_read_voltage(cell(2, 2.8)), 2.8);
        assert_eq!(model.current(cell(3, 2.0), 0.5), 2.0 * (0.25 + 0.0625));
    }

    #[test]
    fn read_noise_is_of_the_range_or_of_the_cell() {
        let noisy = |noise| model(|it| it.read_noise = Some(noise));
        assert_eq!(noisy(ReadNoiseSpec::OfRange(0.01)).read_sigma(1.0), 0.03);
        assert_eq!(noisy(ReadNoiseSpec::OfConductance(0.01)).read_sigma(2.0), 0.02);
        assert!(noisy(ReadNoiseSpec::OfRange(0.01)).is_exact(), "reads differ, the cells don't");
    }

    proptest! {
        #[test]
        fn prop_without_deviation_cells_are_their_levels(level in 0u8..4, ratio in 1.01..1e4, line in 0u32..1000) {
            let model = CellModel::new(&spec(OnOff::Ratio(ratio), NonIdealities {
                variation: Some(VariationSpec::GaussianOfRange(0.0)),
                faults: Some(FaultSpec { stuck_lrs: 0.0, stuck_hrs: 0.0 }),
                ..NonIdealities::NONE
            }));
            let draws = ArrayDraws::new(ChipSeed { seed: 1, chip: 1 }, 0, 0);
            prop_assert_eq!(units(model.program(level, &draws, (line, 3)).conductance), model.units(level.into()));
        }
    }
}
