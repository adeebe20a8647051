//! Currents of bit lines in `f64`.

use rebias_crossbar::{CellModel, CrossbarError, Precision, ProgrammedCrossbar, Solve, Workspace};

use crate::EmulationError;
use crate::analog::{AnalogArray, AnalogLayer};

/// How the currents of bit lines come about.
#[derive(Clone, Debug)]
pub(crate) enum Currents {
    /// A matrix `[word line][bit line]` times the word lines' levels.
    Linear(Vec<f64>),
    /// From the voltages of all nodes in that read, as currents are not proportional to them.
    Solved,
}

/// The currents of bit lines in a read, with the variances of their noise; in levels.
pub(crate) struct ColumnCurrents {
    pub(crate) sums: Vec<f64>,
    pub(crate) variances: Vec<f64>,
    pub(crate) residual: f64,
}

impl AnalogLayer {
    /// How the currents of an array come about, and the residual of its wires.
    pub(crate) fn currents(&self, programmed: &ProgrammedCrossbar) -> Result<(Currents, f64), EmulationError> {
        let error = |source| self.crossbar_error(source);
        if self.crossbar.solve() == Solve::PerRead {
            return Ok((Currents::Solved, 0.0));
        }
        if !self.crossbar.is_ohmic() && self.dac.max_code() > 1 {
            // Without anything in series all voltages are known.
            self.crossbar.check_linear().map_err(error)?;
            return Ok((Currents::Solved, 0.0));
        }
        let effective =
            self.crossbar.effective(programmed, Precision::Reference, &mut Workspace::default()).map_err(error)?;
        Ok((Currents::Linear(effective.conductances), effective.residual))
    }

    /// The currents of all bit lines with these word lines driven, each with its level.
    pub(crate) fn currents_of(
        &self,
        array: &AnalogArray,
        driven: &[(usize, f64)],
    ) -> Result<ColumnCurrents, EmulationError> {
        let n = array.programmed.n_bit_lines;
        let mut found = ColumnCurrents { sums: vec![0.0; n], variances: vec![0.0; n], residual: 0.0 };
        match &array.currents {
            Currents::Linear(matrix) => {
                for &(line, level) in driven {
                    let currents = matrix[line * n..][..n].iter().map(|conductance| conductance * level);
                    found.add(self.crossbar.cell(), level, currents);
                }
            }
            Currents::Solved => {
                let full = self.max_input();
                let mut drives = vec![0.0; array.programmed.cells.len() / n];
                driven.iter().for_each(|&(line, level)| drives[line] = level / full);
                let read = self.crossbar.read(&array.programmed, &drives, Precision::Reference);
                let read = read.map_err(|source| self.crossbar_error(source))?;
                // What wires bring to idle word lines flows too.
                for (currents, drive) in read.cells.chunks_exact(n).zip(drives) {
                    found.add(self.crossbar.cell(), drive * full, currents.iter().map(|current| current * full));
                }
                found.residual = read.residual;
            }
        }
        Ok(found)
    }

    fn crossbar_error(&self, source: CrossbarError) -> EmulationError {
        EmulationError::Crossbar { layer: self.name.clone(), source }
    }
}

impl ColumnCurrents {
    /// Adds the currents of a word line's cells that is driven with a level, with their noise.
    fn add(&mut self, cell: &CellModel, level: f64, currents: impl Iterator<Item = f64>) {
        for ((sum, variance), current) in self.sums.iter_mut().zip(&mut self.variances).zip(currents) {
            *sum += current;
            *variance += if level == 0.0 { 0.0 } else { (cell.read_sigma(current / level) * level).powi(2) };
        }
    }
}
