//! How published numbers follow the architecture: by the DAC's resolution, or by the size of an array.

use rebias_arch::Arch;

/// How a row's numbers follow the architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scaling {
    /// Not at all.
    Constant,
    /// Doubling with each bit of the DAC beyond the first.
    DacDoubling,
    /// A read's energy in proportion to the cells of an array.
    ByCells { reference_cells: f64 },
}

impl Scaling {
    /// Energy of an action, in proportion to the published one.
    pub(crate) fn energy_factor(self, arch: &Arch) -> f64 {
        match self {
            Scaling::Constant => 1.0,
            Scaling::DacDoubling => f64::from(1u32 << (arch.ima().dac.bits - 1)),
            Scaling::ByCells { reference_cells } => {
                let crossbar = &arch.ima().crossbar;
                f64::from(crossbar.word_lines) * f64::from(crossbar.bit_lines) / reference_cells
            }
        }
    }

    /// Power of a unit, in proportion to the published one: cells are units, so that their number counts already.
    pub(crate) fn power_factor(self, arch: &Arch) -> f64 {
        match self {
            Scaling::ByCells { .. } => 1.0,
            Scaling::Constant | Scaling::DacDoubling => self.energy_factor(arch),
        }
    }

    /// Area of a unit, in proportion to the published one.
    pub(crate) fn area_factor(self, arch: &Arch) -> f64 {
        self.power_factor(arch)
    }
}
