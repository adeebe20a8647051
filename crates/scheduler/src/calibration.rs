//! The reads that find a calibrated bias.

use std::collections::BTreeMap;
use std::ops::Range;

use rebias_arch::Arch;
use rebias_cost::CalibrationReads;
use rebias_mapper::{ImaId, LayerPlacement, PlacedArray, Placement};
use rebias_network::Network;
use rebias_units::{Action, Counts};

use crate::density::assumed_line_conductance;

/// Conversions and reads of an IMA's arrays, which share its ADCs.
#[derive(Clone, Copy, Default)]
struct OfIma {
    conversions: u64,
    /// Of the array with most of them.
    reads: u64,
}

/// What calibrating all arrays once amounts to; `None` for a design without calibrated bias.
pub(crate) fn calibration_reads(arch: &Arch, network: &Network, placement: &Placement) -> Option<CalibrationReads> {
    let spec = arch.mapping().calibration?;
    let (mut counts, mut imas, mut n_corrections) = (Counts::ZERO, BTreeMap::<ImaId, OfIma>::new(), 0);
    let mut activity: Option<f64> = None;
    for placed in placement.layers() {
        for array in placed.replicas.iter().flat_map(|replica| &replica.arrays) {
            let rows = placed.row_blocks.get(array.row_block).map_or(0, Range::len) as u64;
            let rows_per_read = placed.rows_of_calibration(arch, &spec, rows as usize) as u64;
            let reads = u64::from(spec.repeats) * rows.div_ceil(rows_per_read);
            let conversions = reads * u64::from(placed.converted_columns(array.column_block));
            counts.add(Action::CrossbarRead, reads);
            counts.add(Action::DacDrive, u64::from(spec.repeats) * rows);
            for action in [Action::SampleHold, Action::AdcConversion, Action::ShiftAdd] {
                counts.add(action, conversions);
            }
            let ima = imas.entry(array.ima).or_default();
            ima.conversions += conversions;
            ima.reads = ima.reads.max(reads);
            n_corrections += outputs(placed, array);
            // All inputs are at code 1.
            let of_line = assumed_line_conductance(arch, network, placed, array.column_block);
            let of_array = of_line.map(|it| it * rows as f64 * f64::from(spec.repeats));
            activity = of_array.map(|it| it + activity.unwrap_or(0.0));
        }
    }
    let per_cycle = u64::from(arch.ima().n_adcs) * u64::from(arch.ima().adc.conversions_per_cycle);
    let cycles = imas.values().map(|ima| ima.conversions.div_ceil(per_cycle).max(ima.reads)).max().unwrap_or(0);
    Some(CalibrationReads { counts, read_activity: activity, cycles, n_corrections })
}

fn outputs(placed: &LayerPlacement, array: &PlacedArray) -> u64 {
    placed.column_blocks.get(array.column_block).map_or(0, Range::len) as u64
}

#[cfg(test)]
mod tests {
    use rebias_arch::BiasCalibrationSpec;
    use rebias_arch::testing::toy_with;
    use rebias_mapper::map;
    use rebias_network::testing::{RandomNetwork, random_network};

    use super::*;

    #[test]
    fn every_array_is_read_group_by_group_and_each_output_keeps_a_number() {
        let spec = BiasCalibrationSpec {
            adc_bits: 8,
            adc_noise: 0.0,
            full_scale: None,
            repeats: 3,
            rows_per_read: Some(2),
            fraction_bits: 7,
            interval: None,
        };
        let network = random_network(1, &RandomNetwork::default());
        let reads = |calibration| {
            let arch = toy_with(|chip, mapping| {
                chip.n_tiles = 1000;
                mapping.calibration = calibration;
            });
            let placement = map(&network, &arch).expect("fits");
            (calibration_reads(&arch, &network, &placement), placement)
        };
        assert_eq!(reads(None).0, None);
        let (found, placement) = reads(Some(spec));
        let found = found.expect("it is calibrated");
        let (mut n_reads, mut conversions, mut kept) = (0, 0, 0);
        for placed in placement.layers() {
            for (rows, outputs) in
                placed.row_blocks.iter().flat_map(|rows| placed.column_blocks.iter().map(move |it| (rows, it)))
            {
                let copies = placed.replicas.len();
                let of_array = 3 * rows.len().div_ceil(2) * copies;
                n_reads += of_array;
                conversions += of_array * outputs.len() * placed.slicing.n_columns() as usize;
                kept += outputs.len() * copies;
            }
        }
        assert_eq!(found.counts[Action::CrossbarRead], n_reads as u64);
        assert_eq!(found.counts[Action::AdcConversion], conversions as u64);
        assert_eq!(found.n_corrections, kept as u64);
        assert!(found.cycles > 0);
    }
}
