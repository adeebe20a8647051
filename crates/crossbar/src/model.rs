//! What values an array has.

use rebias_units::Resistance;

use crate::read::{ArrayRead, Reading, Resistances};
use crate::wires::{Precision, WiredArray, Workspace};
use crate::{ArrayDraws, CellModel, CrossbarError, CrossbarSpec, ProgrammedCell, Solve, WiringSpec};

/// How levels become the conductances that bit lines see.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossbarModel {
    cell: CellModel,
    wiring: WiringSpec,
    is_ohmic: bool,
    solve: Solve,
}

/// A programmed array.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgrammedCrossbar {
    /// Cells `[word line][bit line]`.
    pub cells: Vec<ProgrammedCell>,
    /// Number of bit lines.
    pub n_bit_lines: usize,
}

impl CrossbarModel {
    /// The model of an array.
    pub fn new(spec: &CrossbarSpec) -> Self {
        let is_ohmic = spec.cell.non_idealities.current_voltage.is_none();
        Self { cell: CellModel::new(&spec.cell), wiring: spec.wiring, is_ohmic, solve: spec.solve }
    }

    /// The model of its cells.
    pub fn cell(&self) -> &CellModel {
        &self.cell
    }

    /// Whether every cell conducts what its level says, and nothing is in series with it.
    pub fn is_exact(&self) -> bool {
        self.cell.is_exact() && self.wiring.has_no_drops()
    }

    /// Whether the current of a cell is proportional to its voltage.
    pub fn is_ohmic(&self) -> bool {
        self.is_ohmic
    }

    /// How the voltages of its nodes are found.
    pub fn solve(&self) -> Solve {
        self.solve
    }

    /// Whether a matrix stands for the array at any input, so that reads are sums of products.
    ///
    /// # Errors
    /// [`CrossbarError::NotLinear`] if not.
    pub fn check_linear(&self) -> Result<(), CrossbarError> {
        if self.is_ohmic || self.wiring.has_no_drops() { Ok(()) } else { Err(CrossbarError::NotLinear) }
    }

    /// Writes levels `[word line][bit line]` and draws the cells' errors.
    pub fn program(&self, levels: &[u8], n_bit_lines: usize, draws: &ArrayDraws) -> ProgrammedCrossbar {
        self.program_beside(levels, n_bit_lines, &[], draws)
    }

    /// Writes levels `[word line][bit line]`, and behind them columns with the same level in every cell, which may lie
    /// between two levels, and draws the cells' errors.
    pub fn program_beside(
        &self,
        levels: &[u8],
        n_bit_lines: usize,
        columns: &[f64],
        draws: &ArrayDraws,
    ) -> ProgrammedCrossbar {
        let row = |(line, levels): (u32, &[u8])| {
            let cells = (0..).zip(levels).map(|(bit, &level)| self.cell.program(level, draws, (line, bit)));
            let beside = (n_bit_lines as u32..).zip(columns);
            cells.chain(beside.map(|(bit, &level)| self.cell.program_to(level, draws, (line, bit)))).collect::<Vec<_>>()
        };
        let cells = (0..).zip(levels.chunks_exact(n_bit_lines)).flat_map(row).collect();
        ProgrammedCrossbar { cells, n_bit_lines: n_bit_lines + columns.len() }
    }

    /// The matrix that stands for a programmed array whose word lines are at the read voltage or at 0 V.
    ///
    /// # Errors
    /// An array that is not linear, wires whose voltages can't be found.
    pub fn effective(
        &self,
        programmed: &ProgrammedCrossbar,
        precision: Precision,
        workspace: &mut Workspace,
    ) -> Result<EffectiveArray, CrossbarError> {
        self.check_linear()?;
        let Resistances { segment, access } = self.resistances();
        let cells = programmed.cells.iter().map(|&cell| {
            let conductance = self.cell.at_read_voltage(cell);
            conductance / (1.0 + conductance * access)
        });
        if self.wiring.has_ideal_wires() {
            return Ok(EffectiveArray { conductances: cells.collect(), residual: 0.0 });
        }
        let array = WiredArray::new(cells.map(|cell| cell * segment).collect(), programmed.n_bit_lines);
        let solved = array.effective(precision, workspace)?;
        let conductances = solved.matrix.iter().map(|entry| entry / segment).collect();
        Ok(EffectiveArray { conductances, residual: solved.residual })
    }

    /// The currents of a programmed array with word lines at these shares of the read voltage, one for each; idle ones are
    /// at 0.
    ///
    /// # Errors
    /// Voltages that don't settle.
    pub fn read(
        &self,
        programmed: &ProgrammedCrossbar,
        drives: &[f64],
        precision: Precision,
    ) -> Result<ArrayRead, CrossbarError> {
        Reading { model: &self.cell, array: programmed, through: self.resistances() }.read(drives, precision)
    }

    /// What wires and access devices resist, relative to a level.
    fn resistances(&self) -> Resistances {
        let relative = |resistance: Resistance| resistance.ohms() * self.cell.level().siemens();
        Resistances { segment: relative(self.wiring.segment), access: relative(self.wiring.access) }
    }
}

/// The linear map that an array is.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveArray {
    /// Current of each bit line for each word line at the read voltage, in levels; `[word line][bit line]`.
    pub conductances: Vec<f64>,
    /// How well its node currents balance, relative to the cells' currents with ideal wires; 0 with ideal wires.
    pub residual: f64,
}

impl EffectiveArray {
    /// The conductances in units of 1/128 level, rounded half up.
    pub fn units(&self) -> impl Iterator<Item = u32> + '_ {
        self.conductances.iter().map(|&conductance| crate::cell::units(conductance))
    }
}

#[cfg(test)]
mod tests {
    use rebias_units::{Conductance, Voltage};

    use super::*;
    use crate::{CellSpec, ChipSeed, CurrentVoltageSpec, NonIdealities, OnOff, ReadEnergy};

    /// An array of 2-bit cells of 10 µS a level.
    fn model(segment: f64, access: f64, current_voltage: Option<CurrentVoltageSpec>) -> CrossbarModel {
        CrossbarModel::new(&CrossbarSpec {
            word_lines: 2,
            bit_lines: 2,
            active_word_lines: 2,
            cell: CellSpec {
                bits: 2,
                device_bits: 2,
                on_off: OnOff::Infinite,
                on_conductance: Conductance::from_microsiemens(30.0),
                read_voltage: Voltage::from_volts(0.2),
                read_energy: ReadEnergy::Constant,
                headroom: 0.0,
                non_idealities: NonIdealities { current_voltage, ..NonIdealities::NONE },
            },
            wiring: WiringSpec {
                segment: Resistance::from_ohms(segment),
                access: Resistance::from_ohms(access),
                ..WiringSpec::IDEAL
            },
            solve: Solve::PerRead,
        })
    }

    fn effective(model: &CrossbarModel, levels: &[u8], n_bit_lines: usize) -> Result<Vec<f64>, CrossbarError> {
        let draws = ArrayDraws::new(ChipSeed { seed: 0, chip: 0 }, 0, 0);
        let programmed = model.program(levels, n_bit_lines, &draws);
        model.effective(&programmed, Precision::Reference, &mut Workspace::default()).map(|array| array.conductances)
    }

    #[test]
    fn without_resistances_cells_are_themselves() {
        let model = model(0.0, 0.0, None);
        assert!(model.is_exact());
        assert_eq!(effective(&model, &[0, 1, 2, 3], 2), Ok(vec![0.0, 1.0, 2.0, 3.0]));
    }

    #[test]
    fn an_access_device_is_in_series_with_each_cell() {
        let model = model(0.0, 10_000.0, None);
        assert!(!model.is_exact());
        // 30 µS and 100 µS in series are 30/1.3 µS.
        let found = effective(&model, &[0, 3], 1).expect("linear");
        assert!(found[0] == 0.0 && (found[1] - 3.0 / 1.3).abs() < 1e-12);
    }

    #[test]
    fn a_wired_cell_is_in_series_with_two_segments_and_its_access_device() {
        // 1/30 µS = 33 333 Ω, and 2·1000 + 500.
        let found = effective(&model(1000.0, 500.0, None), &[3], 1).expect("linear")[0];
        assert!((found - 1e6 / (1e6 / 30.0 + 2500.0) / 10.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_curved_cell_behind_a_resistance_is_refused() {
        let curved = || Some(CurrentVoltageSpec { coefficients: vec![vec![0.5, 0.5]; 4] });
        assert_eq!(effective(&model(1.0, 0.0, curved()), &[3], 1), Err(CrossbarError::NotLinear));
        assert_eq!(effective(&model(0.0, 1.0, curved()), &[3], 1), Err(CrossbarError::NotLinear));
        assert_eq!(effective(&model(0.0, 0.0, curved()), &[3], 1), Ok(vec![3.0]));
    }

    #[test]
    fn conductances_are_rounded_half_up_to_units() {
        let array = EffectiveArray { conductances: vec![0.0, 1.0, 1.0 / 256.0, 0.003], residual: 0.0 };
        assert_eq!(array.units().collect::<Vec<_>>(), [0, 128, 1, 0]);
    }
}
