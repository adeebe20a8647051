//! Rows of a cost table.

use rebias_arch::{Arch, LayerPlace};
use rebias_units::{Action, Area, Energy, Power, Time};

use crate::adc::{AdcCostModel, ConverterRow};
use crate::feasibility::Limits;
use crate::programming::ProgrammingSpec;
use crate::scaling::Scaling;
use crate::unit::Unit;

/// A cost table, checked against the architecture that it is for.
#[derive(Clone, Debug)]
pub struct Costs {
    pub(crate) rows: Vec<Row>,
    /// The rows as layers use them: converters that are built for more bits stop at those of the layer.
    pub(crate) inside: Vec<Row>,
    pub(crate) at_edges: Vec<Row>,
    /// The rows as reads use them that calibrate the bias.
    pub(crate) at_calibration: Vec<Row>,
    /// The rows that follow a model of the ADC, as they are without one.
    pub(crate) converters: Vec<ConverterRow>,
    pub(crate) adc_models: Vec<AdcCostModel>,
    /// Name of the model that the rows follow.
    pub(crate) adc_model: String,
    pub(crate) programming: Option<ProgrammingSpec>,
    pub(crate) limits: Option<Limits>,
}

impl Costs {
    /// The rows, in the order of the table.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Name of the model by which the ADC's energy and area follow its bits; `constant` if none does.
    pub fn adc_model(&self) -> &str {
        &self.adc_model
    }

    /// The models of an ADC's cost that the table gives, in its order; the default is one of them.
    pub fn adc_models(&self) -> &[AdcCostModel] {
        &self.adc_models
    }

    /// The table under another of its models; `None` if the model has no value for a converter of the architecture.
    pub fn with_adc_model(&self, model: &AdcCostModel, arch: &Arch) -> Option<Costs> {
        let at_edges = arch.of_edge_layers();
        let at_calibration = arch.of_calibration();
        let all = [Some(arch), Some(&*at_edges), at_calibration.as_ref()];
        let built_for = all.into_iter().flatten().max_by_key(|arch| arch.ima().adc.bits)?;
        let rows = |arch: &Arch| {
            let mut rows = self.rows.clone();
            for converter in &self.converters {
                *rows.get_mut(converter.place)? = converter.under(model, arch)?;
            }
            Some(rows)
        };
        Some(Costs {
            rows: rows(built_for)?,
            inside: rows(arch)?,
            at_edges: rows(&at_edges)?,
            at_calibration: rows(at_calibration.as_ref().unwrap_or(arch))?,
            adc_model: model.name.clone(),
            ..self.clone()
        })
    }

    /// The rows by which a layer's actions are priced, in the order of the table.
    pub(crate) fn rows_of(&self, place: LayerPlace) -> &[Row] {
        match place {
            LayerPlace::Inside => &self.inside,
            LayerPlace::Edge => &self.at_edges,
        }
    }

    /// How cells are programmed; `None` if the table does not say.
    pub fn programming(&self) -> Option<&ProgrammingSpec> {
        self.programming.as_ref()
    }

    /// What circuits can bear; `None` if the table does not say.
    pub fn limits(&self) -> Option<&Limits> {
        self.limits.as_ref()
    }

    /// The row that prices an action.
    pub fn row_of(&self, action: Action) -> Option<&Row> {
        self.rows.iter().find(|row| row.actions.contains(&action))
    }
}

/// How much a number is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Seen in a primary source.
    Primary,
    /// A transcription confirmed by arithmetic or a second source.
    Confirmed,
    /// One second-hand source.
    SecondHand,
    /// Common knowledge, not seen in a text.
    Memory,
    /// Derived by arithmetic from the above.
    Derived,
    /// Estimated by us.
    Ours,
}

impl Confidence {
    /// Its word in files.
    pub fn word(self) -> &'static str {
        let word = Self::WORDS.iter().find(|(_, confidence)| *confidence == self);
        word.map_or("", |(word, _)| word)
    }

    /// The words of `confidence` in files.
    pub const WORDS: &'static [(&'static str, Confidence)] = &[
        ("A", Confidence::Primary),
        ("B", Confidence::Confirmed),
        ("C", Confidence::SecondHand),
        ("M", Confidence::Memory),
        ("D", Confidence::Derived),
        ("ours", Confidence::Ours),
    ];
}

/// The costs of one component, for `n_units` of its units together as published.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The component's name; unique in the table.
    pub component: String,
    /// What it is the cost of.
    pub unit: Unit,
    /// How many units the numbers below are for.
    pub n_units: f64,
    /// Area of those units.
    pub area: Area,
    /// What they do, and what it costs.
    pub energy: RowEnergy,
    /// The actions that this row prices; empty for a constant power.
    pub actions: Vec<Action>,
    /// How the numbers follow the architecture.
    pub(crate) scaling: Scaling,
    /// Where the numbers are from.
    pub source: String,
    /// How much they are to be trusted.
    pub confidence: Confidence,
}

/// The energy of a row, as its source gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RowEnergy {
    /// A power of all units together at their peak rate.
    PeakPower {
        /// At peak rate.
        power: Power,
        /// Share of it that is burned whatever the units do; 0 … 1.
        static_fraction: f64,
        /// Actions of all units together in `period` at peak rate; `None` where all power is static.
        peak: Option<PeakRate>,
    },
    /// An energy for each action.
    PerAction(Energy),
}

/// A rate of actions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakRate {
    /// Actions of all units together; above 0.
    pub actions: f64,
    /// In this time.
    pub period: Time,
}

impl Row {
    /// Energy of one action on an architecture.
    pub fn energy_per_action(&self, arch: &Arch) -> Energy {
        let published = match self.energy {
            RowEnergy::PerAction(energy) => energy,
            RowEnergy::PeakPower { power, static_fraction, peak } => match peak {
                Some(peak) => power * (1.0 - static_fraction) * peak.period / peak.actions,
                None => Energy::ZERO,
            },
        };
        published * self.scaling.energy_factor(arch)
    }

    /// Power that one unit burns whatever it does.
    pub fn static_power_of_unit(&self, arch: &Arch) -> Power {
        match self.energy {
            RowEnergy::PerAction(_) => Power::ZERO,
            RowEnergy::PeakPower { power, static_fraction, .. } => {
                power * static_fraction / self.n_units * self.scaling.power_factor(arch)
            }
        }
    }

    /// Power of one unit at its published peak rate; none where the source gives energies.
    pub fn peak_power_of_unit(&self, arch: &Arch) -> Power {
        match self.energy {
            RowEnergy::PerAction(_) => Power::ZERO,
            RowEnergy::PeakPower { power, .. } => power / self.n_units * self.scaling.power_factor(arch),
        }
    }

    /// Area of one unit.
    pub fn area_of_unit(&self, arch: &Arch) -> Area {
        self.area / self.n_units * self.scaling.area_factor(arch)
    }
}
