//! What stands in the cells of an array, in the numbers that kernels add.

use rebias_arch::Arch;
use rebias_converter::DacSpec;
use rebias_crossbar::{
    ArrayDraws, ChipSeed, CrossbarError, CrossbarModel, EffectiveArray, FRACTION_BITS, Precision, Workspace,
};

/// Programs arrays as a chip has them.
#[derive(Clone, Debug)]
pub(crate) struct ArrayWriter {
    crossbar: CrossbarModel,
    chip: ChipSeed,
    /// Level that a one-bit DAC drives a word line with, nominally 1.
    drive: f64,
}

/// Cells of arrays, `[word line][column]`, in units of 1/128 level.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WrittenCells {
    /// Conductances, g₀ included.
    pub(crate) values: Vec<u32>,
    /// Variances of read noise; `None` without.
    pub(crate) variances: Option<Vec<f64>>,
    /// Conductance of each word line's cells together.
    pub(crate) line_conductances: Vec<u64>,
    /// How well the wires' node currents balance; the worst array's.
    pub(crate) residual: f64,
}

impl ArrayWriter {
    /// For a chip's arrays.
    ///
    /// # Errors
    /// Arrays whose currents are not sums over the bits of their inputs.
    pub(crate) fn new(arch: &Arch, chip: ChipSeed) -> Result<Self, CrossbarError> {
        let (crossbar, dac) = (CrossbarModel::new(&arch.ima().crossbar), &arch.ima().dac);
        crossbar.check_linear()?;
        if dac.bits > 1 && !crossbar.is_ohmic() {
            return Err(CrossbarError::CurvedLevels { what: "cell.current_voltage" });
        }
        if dac.bits > 1 && !dac.inl.is_empty() {
            return Err(CrossbarError::CurvedLevels { what: "dac.inl_lsb" });
        }
        Ok(Self { crossbar, chip, drive: drive(dac) })
    }

    /// Whether every cell conducts what its level says, but for noise.
    pub(crate) fn is_exact(&self) -> bool {
        self.crossbar.is_exact() && self.drive == 1.0
    }

    /// Whether currents change from read to read.
    pub(crate) fn is_noisy(&self) -> bool {
        self.crossbar.cell().is_noisy()
    }

    /// The random numbers of an array.
    pub(crate) fn draws(&self, layer: usize, array: usize) -> ArrayDraws {
        ArrayDraws::new(self.chip, layer as u32, array as u32)
    }

    /// The stream of noise of the arrays that share outputs.
    pub(crate) fn stream(&self, layer: usize, column_block: usize) -> u64 {
        ArrayDraws::new(self.chip, layer as u32, column_block as u32).stream()
    }

    /// Writes levels `[word line][column]` into array `array` of layer `layer`, and beside them columns that have the same
    /// level in every cell.
    pub(crate) fn write(
        &self,
        (levels, n_columns): (&[u8], usize),
        beside: &[f64],
        (layer, array): (usize, usize),
        workspace: &mut Workspace,
    ) -> Result<WrittenCells, CrossbarError> {
        let draws = self.draws(layer, array);
        let programmed = self.crossbar.program_beside(levels, n_columns, beside, &draws);
        let mut effective = self.crossbar.effective(&programmed, Precision::Network, workspace)?;
        for conductance in &mut effective.conductances {
            *conductance *= self.drive;
        }
        let cell = self.crossbar.cell();
        let line = |cells: &[rebias_crossbar::ProgrammedCell]| {
            cells.iter().map(|&it| u64::from(rebias_crossbar::units(cell.at_read_voltage(it)))).sum()
        };
        Ok(WrittenCells {
            values: effective.units().collect(),
            variances: cell.is_noisy().then(|| self.variances(&effective)),
            line_conductances: programmed.cells.chunks_exact(programmed.n_bit_lines).map(line).collect(),
            residual: effective.residual,
        })
    }

    fn variances(&self, effective: &EffectiveArray) -> Vec<f64> {
        let scale = f64::from(1u32 << FRACTION_BITS);
        let variance = |&conductance: &f64| (self.crossbar.cell().read_sigma(conductance) * scale).powi(2);
        effective.conductances.iter().map(variance).collect()
    }
}

impl WrittenCells {
    /// Adds the cells of an array below.
    pub(crate) fn append(&mut self, below: Self) {
        self.values.extend(below.values);
        self.line_conductances.extend(below.line_conductances);
        self.residual = self.residual.max(below.residual);
        if let Some(variances) = below.variances {
            self.variances.get_or_insert_default().extend(variances);
        }
    }
}

/// The level of code 1 where it is the only one.
fn drive(dac: &DacSpec) -> f64 {
    if dac.bits == 1 { dac.level(1) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use rebias_arch::testing::toy_with;
    use rebias_crossbar::{CurrentVoltageSpec, FaultSpec, OnOff, ReadNoiseSpec, VariationSpec};
    use rebias_tile::ImaSpec;

    use super::*;

    const CHIP: ChipSeed = ChipSeed { seed: 3, chip: 1 };

    fn writer(change: impl FnOnce(&mut ImaSpec)) -> Result<ArrayWriter, CrossbarError> {
        ArrayWriter::new(&toy_with(|chip, _| change(&mut chip.tile.ima)), CHIP)
    }

    fn write(writer: &ArrayWriter) -> WrittenCells {
        writer.write((&[0, 1, 2, 3], 2), &[], (0, 0), &mut Workspace::default()).expect("it can be read")
    }

    #[test]
    fn exact_cells_are_their_levels() {
        let writer = writer(|ima| ima.crossbar.cell.on_off = OnOff::Ratio(20.0)).expect("linear");
        assert!(writer.is_exact() && !writer.is_noisy());
        let cells = write(&writer);
        assert_eq!((cells.values.as_slice(), cells.variances), ([20, 148, 276, 404].as_slice(), None));
        // Of 20 units of g₀ each.
        assert_eq!(cells.line_conductances, [128 + 40, 5 * 128 + 40]);
    }

    #[test]
    fn drawn_cells_are_conductances_and_the_same_for_the_same_place() {
        let writer = writer(|ima| {
            ima.crossbar.cell.non_idealities.variation = Some(VariationSpec::GaussianOfRange(0.1));
        });
        let writer = writer.expect("linear");
        assert!(!writer.is_exact());
        assert_eq!(write(&writer), write(&writer));
        assert_ne!(
            write(&writer).values,
            writer.write((&[0, 1, 2, 3], 2), &[], (0, 1), &mut Workspace::default()).expect("readable").values
        );
        let other = ArrayWriter { chip: ChipSeed { chip: 2, ..CHIP }, ..writer.clone() };
        assert_ne!(write(&writer).values, write(&other).values);
    }

    #[test]
    fn all_cells_stuck_at_high_conductance_are_the_highest_level() {
        let writer = writer(|ima| {
            ima.crossbar.cell.non_idealities.faults = Some(FaultSpec { stuck_lrs: 1.0, stuck_hrs: 0.0 });
        });
        assert_eq!(write(&writer.expect("linear")).values, [384; 4]);
    }

    #[test]
    fn noise_has_a_variance_in_squared_units() {
        let writer = writer(|ima| {
            ima.crossbar.cell.non_idealities.read_noise = Some(ReadNoiseSpec::OfConductance(0.125));
        });
        let writer = writer.expect("linear");
        assert!(writer.is_exact() && writer.is_noisy());
        let cells = write(&writer);
        assert_eq!(cells.values, [0, 128, 256, 384], "its mean is exact");
        assert_eq!(cells.variances, Some(vec![0.0, 256.0, 1024.0, 2304.0]), "(16·level)²");
    }

    #[test]
    fn one_bit_of_a_curved_cell_is_a_factor_and_more_are_refused() {
        let curved = |ima: &mut ImaSpec| {
            let coefficients = vec![vec![1.0], vec![0.5, 0.25], vec![1.0], vec![1.0]];
            ima.crossbar.cell.non_idealities.current_voltage = Some(CurrentVoltageSpec { coefficients });
        };
        assert_eq!(write(&writer(curved).expect("one bit")).values, [0, 96, 256, 384]);
        let refused = writer(|ima| {
            curved(ima);
            ima.dac.bits = 2;
        });
        assert!(matches!(refused, Err(CrossbarError::CurvedLevels { .. })));
    }

    #[test]
    fn a_weak_driver_lowers_all_currents() {
        let weak = writer(|ima| ima.dac.inl = vec![0.0, -0.25]).expect("one bit");
        assert_eq!(write(&weak).values, [0, 96, 192, 288]);
        let refused = writer(|ima| {
            ima.dac.bits = 2;
            ima.dac.inl = vec![0.0, 0.1, 0.0, 0.0];
        });
        assert!(matches!(refused, Err(CrossbarError::CurvedLevels { .. })));
    }
}
