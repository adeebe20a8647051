//! Reading programmed arrays for a calibrated bias: paid once after cells are written, and again as often as the design
//! says. It is reported beside an image's energy, with an image's share of it, and is no part of it.
//!
//! What is kept of it, a number for each output of each array, is priced by the row of bias registers, and its use by that
//! of bias multipliers.

use rebias_arch::{Arch, LayerPlace};
use rebias_units::{Action, Counts, Energy, Time};

use crate::price::{LayerUsage, dynamic};
use crate::row::Costs;

/// What all reads of a calibration amount to, in all copies of the layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationReads {
    /// What the arrays' parts do.
    pub counts: Counts,
    /// Σ g·x² over the cells and reads, as in [`LayerUsage`]; `None` where reads have a constant energy.
    pub read_activity: Option<f64>,
    /// Cycles of the IMA that takes longest. IMAs are read side by side.
    pub cycles: u64,
    /// Numbers that are kept.
    pub n_corrections: u64,
}

/// What it takes to calibrate the bias once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Reads of arrays.
    pub reads: u64,
    /// Conversions, at the resolution of these reads.
    pub conversions: u64,
    /// Numbers that are kept.
    pub n_corrections: u64,
    /// Energy of the reads and conversions.
    pub energy: Energy,
    /// Time until the last IMA is read.
    pub time: Time,
    /// From one calibration to the next; `None` for a chip that is calibrated once.
    pub interval: Option<Time>,
}

impl Calibration {
    /// What calibrating again and again adds to the energy of an image on a chip that computes one each `image_interval`.
    pub fn energy_of_image(&self, image_interval: Time) -> Option<Energy> {
        self.interval.map(|interval| self.energy * (image_interval / interval))
    }

    /// The share of time in which a chip is calibrated again and again, and computes no images.
    pub fn share_of_time(&self) -> Option<f64> {
        self.interval.map(|interval| self.time / interval)
    }
}

impl Costs {
    /// What it takes to calibrate the bias once; `None` for a design that doesn't.
    pub fn calibration(&self, arch: &Arch, reads: &CalibrationReads) -> Option<Calibration> {
        let at_reads = arch.of_calibration()?;
        let usage = LayerUsage { counts: reads.counts, read_activity: reads.read_activity, place: LayerPlace::Inside };
        Some(Calibration {
            reads: reads.counts[Action::CrossbarRead],
            conversions: reads.counts[Action::AdcConversion],
            n_corrections: reads.n_corrections,
            energy: self.at_calibration.iter().map(|row| dynamic(&at_reads, row, &usage)).sum(),
            time: arch.chip().cycle_time * reads.cycles as f64,
            interval: arch.mapping().calibration.and_then(|spec| spec.interval),
        })
    }
}
