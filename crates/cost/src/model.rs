//! How published numbers follow the architecture: by resolution, or by the size of an array.

use rebias_arch::{Arch, BiasSource};

/// How a row's numbers follow the architecture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scaling {
    /// Not at all.
    Constant,
    /// In proportion to a table over bits, being as published at the reference resolution.
    ByBits { of: Converter, table: BitsTable },
    /// Doubling with each bit of the DAC beyond the first.
    DacDoubling,
    /// A read's energy in proportion to the cells of an array.
    ByCells { reference_cells: f64 },
}

/// Whose resolution counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Converter {
    Adc,
    BiasAdc,
}

impl Converter {
    /// The resolution; `None` if the architecture has no such converter.
    pub(crate) fn bits(self, arch: &Arch) -> Option<u32> {
        match (self, arch.mapping().bias) {
            (Converter::Adc, _) => Some(arch.ima().adc.bits),
            (Converter::BiasAdc, BiasSource::ColumnPerArray { adc_bits, .. }) => Some(adc_bits),
            (Converter::BiasAdc, BiasSource::DigitalCount) => None,
        }
    }
}

/// Energies and areas over consecutive resolutions, relative to each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BitsTable {
    pub(crate) first_bits: u32,
    pub(crate) reference_bits: u32,
    /// One for each resolution.
    pub(crate) energies: Vec<f64>,
    /// One for each resolution.
    pub(crate) areas: Vec<f64>,
}

impl BitsTable {
    /// Whether the table has a value for a resolution.
    pub(crate) fn covers(&self, bits: u32) -> bool {
        bits.checked_sub(self.first_bits).is_some_and(|place| (place as usize) < self.energies.len())
    }

    pub(crate) fn last_bits(&self) -> u32 {
        self.first_bits + self.energies.len() as u32 - 1
    }

    /// A column's value at a resolution, in proportion to that at the reference; 1 where the table has none, which
    /// validation excludes for converters that exist.
    fn ratio(&self, column: &[f64], bits: u32) -> f64 {
        let at = |bits: u32| bits.checked_sub(self.first_bits).and_then(|place| column.get(place as usize));
        match (at(bits), at(self.reference_bits)) {
            (Some(value), Some(reference)) => value / reference,
            _ => 1.0,
        }
    }
}

impl Scaling {
    /// Energy of an action, in proportion to the published one.
    pub(crate) fn energy_factor(&self, arch: &Arch) -> f64 {
        match self {
            Scaling::Constant => 1.0,
            Scaling::ByBits { of, table } => of.bits(arch).map_or(1.0, |bits| table.ratio(&table.energies, bits)),
            Scaling::DacDoubling => f64::from(1u32 << (arch.ima().dac.bits - 1)),
            Scaling::ByCells { reference_cells } => {
                let crossbar = &arch.ima().crossbar;
                f64::from(crossbar.word_lines) * f64::from(crossbar.bit_lines) / reference_cells
            }
        }
    }

    /// Power of a unit, in proportion to the published one: cells are units, so that their number counts already.
    pub(crate) fn power_factor(&self, arch: &Arch) -> f64 {
        match self {
            Scaling::ByCells { .. } => 1.0,
            Scaling::Constant | Scaling::ByBits { .. } | Scaling::DacDoubling => self.energy_factor(arch),
        }
    }

    /// Area of a unit, in proportion to the published one.
    pub(crate) fn area_factor(&self, arch: &Arch) -> f64 {
        match self {
            Scaling::Constant | Scaling::ByCells { .. } => 1.0,
            Scaling::ByBits { of, table } => of.bits(arch).map_or(1.0, |bits| table.ratio(&table.areas, bits)),
            Scaling::DacDoubling => self.energy_factor(arch),
        }
    }
}
