//! What changes from read to read.

/// Gaussian noise of a cell's conductance, independent from read to read and from cell to cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReadNoiseSpec {
    /// Its deviation is a share of the range from level 0 to the highest level; at least 0.
    OfRange(f64),
    /// Its deviation is a share of the cell's conductance; at least 0.
    OfConductance(f64),
}
