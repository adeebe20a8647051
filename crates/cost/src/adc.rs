//! What a conversion costs: models of an ADC's energy and area, by name.
//!
//! Published converters of one resolution differ by two orders of magnitude, so that a total says little without the
//! name of its model. A table names one model as its default and may give others; what a chip costs under each makes a
//! band around the default.

use rebias_arch::Arch;
use rebias_units::{Area, Energy, Time};

use crate::row::{Confidence, PeakRate, Row, RowEnergy};

/// A model of what an ADC costs at a resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct AdcCostModel {
    /// Its name in the cost table, and in reports.
    pub name: String,
    /// Where it is from.
    pub source: String,
    /// How much it is to be trusted.
    pub confidence: Confidence,
    pub(crate) kind: AdcCostKind,
}

/// How a model arrives at its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AdcCostKind {
    /// The row's own numbers hold at one resolution and follow the points from there.
    Scaling { reference: Conversion, points: Points },
    /// A regression over published converters.
    SurveyRegression(SurveyRegression),
    /// Single converters; between them nothing is known.
    Table(Points),
}

/// What one converter costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conversion {
    /// Energy of a conversion at full rate, its share of static power included.
    pub(crate) energy: Energy,
    /// Area of the converter.
    pub(crate) area: Area,
}

/// Converters by resolution, ascending.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Points(pub(crate) Vec<(u32, Conversion)>);

impl Points {
    pub(crate) fn at(&self, bits: u32) -> Option<Conversion> {
        self.0.iter().find(|(point, _)| *point == bits).map(|(_, conversion)| *conversion)
    }
}

/// Best energy and typical area of published converters as functions of technology, rate and resolution.
///
/// With b bits (effective), f conversions a second and t nanometres:
/// FOM = min(`rate.0` + `rate.1`·ln f, `bits.0` + `bits.1`·b) dB; SNDR = 6.02·b + 1.76 dB;
/// E = ½·10^((SNDR − FOM)/10) · exp(`energy.intercept` + `energy.ln_nm`·ln t + `energy.ln_bits`·ln b +
/// `energy.offset`) pJ; A = exp(`area.intercept` + `area.ln_nm`·ln t + `area.ln_rate`·ln f + `area.ln_pj`·ln E) µm².
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SurveyRegression {
    pub(crate) technology_nm: f64,
    pub(crate) min_bits: u32,
    pub(crate) max_bits: u32,
    pub(crate) fom_by_rate: (f64, f64),
    pub(crate) fom_by_bits: (f64, f64),
    pub(crate) energy: EnergyFit,
    pub(crate) area: AreaFit,
}

/// Coefficients of a conversion's energy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct EnergyFit {
    pub(crate) intercept: f64,
    pub(crate) ln_nm: f64,
    pub(crate) ln_bits: f64,
    pub(crate) offset: f64,
}

/// Coefficients of a converter's area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AreaFit {
    pub(crate) intercept: f64,
    pub(crate) ln_nm: f64,
    pub(crate) ln_rate: f64,
    pub(crate) ln_pj: f64,
}

impl SurveyRegression {
    /// A converter that makes a conversion in every `period`.
    fn at(&self, bits: u32, period: Time) -> Option<Conversion> {
        if !(self.min_bits..=self.max_bits).contains(&bits) {
            return None;
        }
        let (bits, ln_nm, ln_rate) = (f64::from(bits), libm::log(self.technology_nm), -libm::log(period.seconds()));
        let fom_of_rate = self.fom_by_rate.0 + self.fom_by_rate.1 * ln_rate;
        let fom = fom_of_rate.min(self.fom_by_bits.0 + self.fom_by_bits.1 * bits);
        // The definition of effective bits: the noise of a perfect quantiser.
        let sndr = 6.02 * bits + 1.76;
        let fit = self.energy;
        let exponent = fit.intercept + fit.ln_nm * ln_nm + fit.ln_bits * libm::log(bits) + fit.offset;
        let picojoules = 0.5 * libm::pow(10.0, (sndr - fom) / 10.0) * libm::exp(exponent);
        let fit = self.area;
        let exponent = fit.intercept + fit.ln_nm * ln_nm + fit.ln_rate * ln_rate + fit.ln_pj * libm::log(picojoules);
        let area = Area::from_square_micrometres(libm::exp(exponent));
        Some(Conversion { energy: Energy::from_picojoules(picojoules), area })
    }
}

/// Whose conversions a row prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Converter {
    /// The ADCs of an IMA.
    Adc,
    /// The bias columns' own ADC.
    BiasAdc,
}

impl Converter {
    /// Its resolution; `None` if the architecture has no such converter.
    pub(crate) fn bits(self, arch: &Arch) -> Option<u32> {
        match self {
            Converter::Adc => Some(arch.ima().adc.bits),
            Converter::BiasAdc => arch.mapping().bias.columns().map(|columns| columns.adc_bits),
        }
    }

    /// Time of a conversion at full rate.
    fn period(self, arch: &Arch) -> Time {
        let conversions = match self {
            Converter::Adc => arch.ima().adc.conversions_per_cycle,
            // One for each crossbar of the IMA in a cycle.
            Converter::BiasAdc => arch.ima().n_crossbars,
        };
        arch.chip().cycle_time / f64::from(conversions)
    }
}

/// A row whose numbers come from a model of the ADC.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConverterRow {
    /// Its place in the table.
    pub(crate) place: usize,
    /// The row without a model.
    pub(crate) row: Row,
    pub(crate) converter: Converter,
    pub(crate) basis: Basis,
}

/// What a converter's row has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Basis {
    /// Power or energy, and area.
    Published,
    /// Nothing but the share of a model's power that is static.
    ModelOnly { static_fraction: f64 },
}

impl ConverterRow {
    /// The row under a model; `None` if the model has no value for it.
    pub(crate) fn under(&self, model: &AdcCostModel, arch: &Arch) -> Option<Row> {
        let Some(bits) = self.converter.bits(arch) else {
            return Some(self.row.clone());
        };
        let period = self.converter.period(arch);
        match (&model.kind, self.basis) {
            (AdcCostKind::Scaling { reference, points }, Basis::Published) => {
                let point = points.at(bits)?;
                Some(self.scaled(point.energy / reference.energy, point.area / reference.area))
            }
            (AdcCostKind::Scaling { .. }, Basis::ModelOnly { .. }) => None,
            (AdcCostKind::SurveyRegression(survey), _) => Some(self.replaced(model, survey.at(bits, period)?, period)),
            (AdcCostKind::Table(points), _) => Some(self.replaced(model, points.at(bits)?, period)),
        }
    }

    fn scaled(&self, energy_factor: f64, area_factor: f64) -> Row {
        let energy = match self.row.energy {
            RowEnergy::PerAction(energy) => RowEnergy::PerAction(energy * energy_factor),
            RowEnergy::PeakPower { power, static_fraction, peak } => {
                RowEnergy::PeakPower { power: power * energy_factor, static_fraction, peak }
            }
        };
        Row { energy, area: self.row.area * area_factor, ..self.row.clone() }
    }

    /// The row of converters that make a conversion in every `period`, each at the model's cost.
    fn replaced(&self, model: &AdcCostModel, conversion: Conversion, period: Time) -> Row {
        let static_fraction = match (self.basis, self.row.energy) {
            (Basis::ModelOnly { static_fraction }, _) => static_fraction,
            (Basis::Published, RowEnergy::PeakPower { static_fraction, .. }) => static_fraction,
            (Basis::Published, RowEnergy::PerAction(_)) => 0.0,
        };
        let n_units = self.row.n_units;
        let energy = RowEnergy::PeakPower {
            power: conversion.energy / period * n_units,
            static_fraction,
            peak: Some(PeakRate { actions: n_units, period }),
        };
        Row {
            energy,
            area: conversion.area * n_units,
            source: model.source.clone(),
            confidence: model.confidence,
            ..self.row.clone()
        }
    }
}

impl AdcCostModel {
    /// Whether it has a value for a resolution.
    pub fn covers(&self, bits: u32) -> bool {
        match &self.kind {
            AdcCostKind::Scaling { points, .. } | AdcCostKind::Table(points) => points.at(bits).is_some(),
            AdcCostKind::SurveyRegression(survey) => (survey.min_bits..=survey.max_bits).contains(&bits),
        }
    }

    /// The resolutions that it covers, for people: `4..=10` or `8`.
    pub fn covered(&self) -> String {
        match &self.kind {
            AdcCostKind::Scaling { points, .. } | AdcCostKind::Table(points) => {
                let bits: Vec<_> = points.0.iter().map(|(bits, _)| *bits).collect();
                match (bits.first(), bits.last()) {
                    (Some(first), Some(last)) if bits.len() > 1 && (last - first) as usize + 1 == bits.len() => {
                        format!("{first}..={last}")
                    }
                    _ => bits.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
                }
            }
            AdcCostKind::SurveyRegression(survey) => format!("{}..={}", survey.min_bits, survey.max_bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The regression over Murmann's survey, as the shipped tables have it.
    const SURVEY: SurveyRegression = SurveyRegression {
        technology_nm: 32.0,
        min_bits: 4,
        max_bits: 12,
        fom_by_rate: (213.78, -2.872),
        fom_by_bits: (128.31, 3.2205),
        energy: EnergyFit { intercept: 26.050, ln_nm: 1.880, ln_bits: -2.829, offset: -1.470 },
        area: AreaFit { intercept: 1.346, ln_nm: 0.993, ln_rate: 0.181, ln_pj: 0.299 },
    };

    #[test]
    fn val_the_survey_regression_gives_its_published_values_at_a_gigasample() {
        // Half of the last printed digit; and coefficients printed to three decimals move a result by up to 0.5 %.
        for (bits, published, half_digit) in
            [(4, 0.92, 0.005), (6, 1.07, 0.005), (8, 1.71, 0.005), (9, 4.70, 0.005), (10, 13.9, 0.05), (12, 133.0, 0.5)]
        {
            let energy = SURVEY.at(bits, Time::from_nanoseconds(1.0)).unwrap().energy.picojoules();
            assert!((energy - published).abs() <= half_digit + 0.005 * published, "{bits} bits: {energy} pJ");
        }
    }

    #[test]
    fn the_survey_regression_ends_below_four_bits() {
        assert_eq!(SURVEY.at(3, Time::from_nanoseconds(1.0)), None);
        assert_eq!(SURVEY.at(13, Time::from_nanoseconds(1.0)), None);
    }

    #[test]
    fn a_faster_converter_needs_more_energy_once_rate_limits_it() {
        let energy = |nanoseconds| SURVEY.at(8, Time::from_nanoseconds(nanoseconds)).unwrap().energy;
        assert_eq!(energy(100.0), energy(2.0));
        assert!(energy(0.1) > energy(1.0));
    }
}
