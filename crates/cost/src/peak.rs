//! Peak figures of a design: all arrays busy, all parts at their published power.

use rebias_arch::Arch;
use rebias_units::{Area, Power};

use crate::row::{Confidence, Costs, Row};
use crate::unit::Extent;

/// The number format that a peak rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeakFormat {
    /// Cells of a weight.
    pub n_weight_slices: u32,
    /// Currents of a weight that are converted: as many, or half if pairs are subtracted before.
    pub n_conversions: u32,
    /// Reads of an input.
    pub n_input_slices: u32,
}

/// Peak figures of the whole chip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Operations a second, two for each multiply–accumulate.
    pub ops_per_second: f64,
    /// Published power of all parts at their peak rates.
    pub power: Power,
    /// Area of all parts.
    pub area: Area,
}

impl Peak {
    /// 10^12 operations a joule.
    pub fn tops_per_w(&self) -> f64 {
        self.ops_per_second / self.power.watts() / 1e12
    }

    /// 10^9 operations a second for each square millimetre.
    pub fn gops_per_mm2(&self) -> f64 {
        self.ops_per_second / self.area.square_millimetres() / 1e9
    }
}

/// Peak figures of a design for a number format, over the rows that its sources give; what we added is left out. `None`
/// for a design without published powers.
pub fn peak(arch: &Arch, costs: &Costs, format: PeakFormat) -> Option<Peak> {
    let ima = arch.ima();
    let crossbar = &ima.crossbar;
    let n_tiles = arch.chip().n_tiles;
    let crossbars = f64::from(n_tiles) * f64::from(arch.tile().n_imas) * f64::from(ima.n_crossbars);
    let outputs = f64::from(crossbar.bit_lines / format.n_weight_slices.max(1));
    let reads = f64::from(crossbar.word_lines.div_ceil(crossbar.active_word_lines) * format.n_input_slices);
    // A read takes as many cycles as the ADCs need for its columns.
    let columns = f64::from(ima.n_crossbars) * outputs * f64::from(format.n_conversions.max(1));
    let cycles = (columns / (f64::from(ima.n_adcs) * f64::from(ima.adc.conversions_per_cycle))).max(1.0);
    let macs = crossbars * f64::from(crossbar.word_lines) * outputs;
    let published = |row: &&Row| row.confidence != Confidence::Ours;
    let rows = || costs.rows().iter().filter(published);
    let power: Power = rows().map(|row| row.peak_power_of_unit(arch) * row.unit.count(arch, Extent::Chip)).sum();
    (power > Power::ZERO).then(|| Peak {
        ops_per_second: 2.0 * macs / (reads * cycles * arch.chip().cycle_time.seconds()),
        power,
        area: rows().map(|row| row.area_of_unit(arch) * row.unit.count(arch, Extent::Chip)).sum(),
    })
}
