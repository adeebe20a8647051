//! Currents of bit lines in `f64`.

use rebias_crossbar::{ArrayRead, CrossbarError, Precision, ProgrammedCrossbar, Solve};

use crate::EmulationError;
use crate::analog::{AnalogArray, AnalogLayer};

/// How the currents of bit lines come about.
#[derive(Clone, Debug)]
pub(crate) enum Currents {
    /// A matrix `[word line][bit line]` times the word lines' levels.
    Linear(Vec<f64>),
    /// Cell by cell, as the current of each is not proportional to its voltage.
    CellByCell,
    /// From the voltages of all nodes in that read.
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
            self.crossbar.check_linear().map_err(error)?;
            return Ok((Currents::CellByCell, 0.0));
        }
        let effective = self.crossbar.effective(programmed, Precision::Reference).map_err(error)?;
        Ok((Currents::Linear(effective.conductances), effective.residual))
    }

    /// The currents of all bit lines with these word lines driven, each with its level.
    pub(crate) fn currents_of(
        &self,
        array: &AnalogArray,
        driven: &[(usize, f64)],
    ) -> Result<ColumnCurrents, EmulationError> {
        let n = array.programmed.n_bit_lines;
        let cell = self.crossbar.cell();
        let full = self.max_input();
        let solved = match &array.currents {
            Currents::Linear(_) | Currents::CellByCell => None,
            Currents::Solved => Some(self.solved(array, driven)?),
        };
        let mut found = ColumnCurrents { sums: vec![0.0; n], variances: vec![0.0; n], residual: 0.0 };
        for &(line, level) in driven {
            let cells = line * n..(line + 1) * n;
            let currents: Vec<_> = match (&array.currents, &solved) {
                (Currents::Linear(matrix), _) => matrix[cells].iter().map(|conductance| conductance * level).collect(),
                (_, Some(solved)) => solved.cells[cells].iter().map(|current| current * full).collect(),
                (_, None) => {
                    array.programmed.cells[cells].iter().map(|&it| cell.current(it, level / full) * full).collect()
                }
            };
            for ((sum, variance), current) in found.sums.iter_mut().zip(&mut found.variances).zip(currents) {
                *sum += current;
                *variance += if level == 0.0 { 0.0 } else { (cell.read_sigma(current / level) * level).powi(2) };
            }
        }
        if let Some(solved) = solved {
            found.residual = solved.residual;
            // What wires bring to idle word lines flows too.
            let is_idle = |line: &usize| driven.iter().all(|(driven, _)| driven != line);
            for line in (0..solved.cells.len() / n).filter(is_idle) {
                for (sum, current) in found.sums.iter_mut().zip(&solved.cells[line * n..]) {
                    *sum += current * full;
                }
            }
        }
        Ok(found)
    }

    /// The cells' currents at the voltages of one read.
    fn solved(&self, array: &AnalogArray, driven: &[(usize, f64)]) -> Result<ArrayRead, EmulationError> {
        let mut drives = vec![0.0; array.programmed.cells.len() / array.programmed.n_bit_lines];
        for &(line, level) in driven {
            drives[line] = level / self.max_input();
        }
        let read = self.crossbar.read(&array.programmed, &drives, Precision::Reference);
        read.map_err(|source| self.crossbar_error(source))
    }

    fn crossbar_error(&self, source: CrossbarError) -> EmulationError {
        EmulationError::Crossbar { layer: self.name.clone(), source }
    }
}
