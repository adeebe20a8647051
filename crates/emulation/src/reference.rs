//! What is subtracted from columns before a signed ADC: references, or the other columns of pairs.
//!
//! ```text
//!            g ─■───■── r        Σ (g − r)·x  =  Σ (g − r + K)·x  −  K·S
//!  x ───────────┤   │                            └── a table's ──┘   └ lift ┘
//!               └─(−)┘
//! ```
//!
//! Kernels add unsigned numbers. So what is subtracted on a word line is taken off each of its cells, K being as large as
//! keeps them from falling below 0, and K·S is taken off the sum of a read: exact, for no more work than a read without
//! subtraction. Errors of a reference's cells are common to all columns of their array; each pair has its own.

use rebias_converter::{AdcModel, AdcRange};
use rebias_kernels::Tally;
use rebias_mapper::{BiasPlacement, LayerPlacement};

use crate::arrays::{CellState, ColumnBlock, LayerArrays, Programmer};
use crate::converters;
use crate::programming::WrittenCells;
use crate::{FRACTION_BITS, LEVEL};

/// Shares of the calibrated span that are tried.
const SHARES: u64 = 64;

/// What is taken off an array's columns before conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subtracted {
    /// Nothing: sums have no sign.
    Nothing,
    /// r_j of each slice in units.
    References(Vec<i64>),
    /// The columns of w⁻. What a block stores is then the difference of two levels plus this highest one.
    Minus {
        /// 2^c − 1.
        max_level: u8,
    },
}

impl Subtracted {
    /// What is given back digitally of an output's column: its r_j in units.
    pub(crate) fn reference(&self, column: usize) -> i64 {
        match self {
            Self::Nothing | Self::Minus { .. } => 0,
            Self::References(references) => references[column % references.len()],
        }
    }
}

/// A level in units, rounded half up.
pub(crate) fn units(level: f64) -> i64 {
    (level * LEVEL as f64 + 0.5).floor() as i64
}

impl Programmer<'_> {
    /// What is taken off the columns of a layer's arrays.
    pub(crate) fn subtracted(&self, placed: &LayerPlacement) -> Subtracted {
        if placed.slicing.subtracts_currents() {
            // Of cells with at most 7 bits.
            return Subtracted::Minus { max_level: self.arch.ima().crossbar.cell.max_level() as u8 };
        }
        let references: Vec<_> = placed.bias.references.iter().map(|it| units(it.level)).collect();
        if references.is_empty() { Subtracted::Nothing } else { Subtracted::References(references) }
    }

    /// The greatest magnitude that a column's sum nominally has, in units.
    pub(crate) fn full_scale(&self, subtracted: &Subtracted) -> u64 {
        let ima = self.arch.ima();
        let max_level = ima.crossbar.cell.max_level();
        let max_inputs = u64::from(ima.crossbar.active_word_lines) * u64::from(ima.dac.max_code());
        let top = i64::from(max_level) * LEVEL;
        let of_line = match subtracted {
            Subtracted::Nothing => self.cell.units(max_level).into(),
            Subtracted::References(references) => {
                references.iter().map(|&r| r.max(top - r)).max().unwrap_or(top) as u64
            }
            Subtracted::Minus { .. } => top as u64,
        };
        max_inputs * of_line
    }
}

impl LayerArrays {
    /// Whether something is subtracted, so that sums have a sign.
    pub(crate) fn is_signed(&self) -> bool {
        self.subtracted != Subtracted::Nothing
    }

    /// What a stored level of 0 stands for in an output's column, in units below 0.
    pub(crate) fn zero(&self, column: usize) -> i64 {
        match self.subtracted {
            Subtracted::Nothing | Subtracted::References(_) => self.subtracted.reference(column),
            Subtracted::Minus { max_level } => i64::from(max_level) * LEVEL,
        }
    }

    /// Takes what is subtracted off the cells, and keeps by how much all are lifted.
    pub(crate) fn fold(&mut self, bias: &BiasPlacement) {
        match self.subtracted.clone() {
            Subtracted::Nothing => {}
            Subtracted::References(references) => self.fold_references(bias, &references),
            Subtracted::Minus { max_level } => self.fold_pairs(max_level),
        }
    }

    fn fold_references(&mut self, bias: &BiasPlacement, references: &[i64]) {
        if self.cells == CellState::Exact {
            let most = references.iter().copied().max().unwrap_or(0);
            self.lift = most;
            self.blocks_mut().iter_mut().for_each(|block| block.drop_references(bias));
            // Of equal references levels stay what they are.
            if references.iter().any(|&reference| reference != most) {
                self.blocks_mut().iter_mut().for_each(|block| block.write_differences(references, most));
                self.cells = CellState::Drawn;
            }
            return;
        }
        let n_slices = references.len();
        let lowest = self.column_blocks.iter().map(|block| block.lowest(bias, n_slices)).min();
        self.lift = lowest.map_or(0, |lowest| (-lowest).max(0));
        let lift = self.lift;
        self.blocks_mut().iter_mut().for_each(|block| block.subtract(bias, (n_slices, lift)));
    }

    /// Steps below which sums can't be told apart: a reference between two levels makes multiples of their fraction.
    pub(crate) fn grain(&self) -> u64 {
        let bits = match &self.subtracted {
            Subtracted::Nothing | Subtracted::Minus { .. } => None,
            Subtracted::References(references) => references.iter().map(|reference| reference.trailing_zeros()).min(),
        };
        1 << bits.map_or(FRACTION_BITS, |bits| bits.min(FRACTION_BITS))
    }

    /// The converter's range where the design says it; `None` where it is found by calibration.
    pub(crate) fn nominal_adc(&self) -> Option<AdcModel> {
        let (bits, is_signed) = (self.adc.bits, self.is_signed());
        let model = match self.adc.range {
            AdcRange::FullScale if is_signed => AdcModel::symmetric(bits, self.full_scale, self.grain()),
            AdcRange::FullScale => AdcModel::full_scale(bits, self.full_scale),
            AdcRange::LosslessStep if is_signed => AdcModel::signed(bits, self.grain()),
            AdcRange::LosslessStep => AdcModel::lossless_step(bits),
            AdcRange::Fixed { step, .. } if is_signed => {
                AdcModel::signed(bits, AdcModel::fixed(bits, 0.0, step).step())
            }
            AdcRange::Fixed { low, step } => AdcModel::fixed(bits, low, step),
            AdcRange::Calibrated { .. } | AdcRange::LeastError => return None,
        };
        Some(model.with_errors(&self.adc.errors))
    }

    /// The converter's range from the sums that columns gave; `None` without sums.
    pub(crate) fn calibrated_adc(&self, tally: &Tally) -> Option<AdcModel> {
        let percentile = |percent| Some(converters::units(tally, tally.histogram.percentile(percent)?));
        let model = match self.adc.range {
            AdcRange::Calibrated { low_percentile, high_percentile } => {
                self.adc_over((percentile(low_percentile)?, percentile(high_percentile)?), SHARES)
            }
            AdcRange::LeastError => {
                let ends = (percentile(0.0)?, percentile(100.0)?);
                let models = (1..=SHARES).rev().map(|share| self.adc_over(ends, share));
                models.min_by_key(|model| converters::squared_error(model, tally))?
            }
            AdcRange::FullScale | AdcRange::LosslessStep | AdcRange::Fixed { .. } => return self.nominal_adc(),
        };
        Some(model.with_errors(&self.adc.errors))
    }

    /// A range over a share of an interval of sums, from its lower end or around 0.
    fn adc_over(&self, (low, high): (i64, i64), share: u64) -> AdcModel {
        let part = |span: u64| (span * share).div_ceil(SHARES);
        if self.is_signed() {
            let magnitude = part(low.unsigned_abs().max(high.unsigned_abs()));
            AdcModel::symmetric(self.adc.bits, magnitude, self.grain())
        } else {
            AdcModel::calibrated(self.adc.bits, low, low.saturating_add(part(high.abs_diff(low)) as i64))
        }
    }
}

impl ColumnBlock {
    /// Columns of a row that is written, those of the reference last.
    fn width(&self, bias: &BiasPlacement) -> usize {
        self.n_columns + bias.n_reference_columns() as usize
    }

    /// Forgets what is written of reference columns, whose noise becomes that of the columns they are taken off.
    fn drop_references(&mut self, bias: &BiasPlacement) {
        let (width, n_columns) = (self.width(bias), self.n_columns);
        if let Some(written) = &mut self.written {
            written.values = written.values.chunks_exact(width).flat_map(|row| &row[..n_columns]).copied().collect();
            add_noise(written, bias, (width, n_columns));
        }
    }

    /// Writes nominal differences, lifted.
    fn write_differences(&mut self, references: &[i64], lift: i64) {
        let cells = self.levels.iter().zip(references.iter().cycle());
        let values = cells.map(|(&level, reference)| (i64::from(level) * LEVEL - reference + lift) as u32).collect();
        self.written.get_or_insert_default().values = values;
    }

    /// The least difference of a cell and its reference.
    fn lowest(&self, bias: &BiasPlacement, n_slices: usize) -> i64 {
        let Some(written) = &self.written else { return 0 };
        let rows = written.values.chunks_exact(self.width(bias));
        rows.flat_map(|row| differences(row, bias, (self.n_columns, n_slices))).min().unwrap_or(0)
    }

    /// Writes differences, lifted, in place of conductances.
    fn subtract(&mut self, bias: &BiasPlacement, (n_slices, lift): (usize, i64)) {
        let (width, n_columns) = (self.width(bias), self.n_columns);
        let Some(written) = &mut self.written else { return };
        let rows = written.values.chunks_exact(width);
        let lifted = rows.flat_map(|row| differences(row, bias, (n_columns, n_slices)).map(|it| (it + lift) as u32));
        written.values = lifted.collect();
        add_noise(written, bias, (width, n_columns));
    }
}

/// Each cell of a row less the mean of its reference's.
fn differences<'a>(
    row: &'a [u32],
    bias: &BiasPlacement,
    (n_columns, n_slices): (usize, usize),
) -> impl Iterator<Item = i64> + 'a {
    let (cells, columns) = row.split_at(n_columns);
    let mean = |slice: usize| {
        let columns_of = &bias.references[slice].columns;
        let sum: i64 = columns_of.iter().map(|&(index, _)| i64::from(columns[index])).sum();
        // Halves are rounded up.
        (2 * sum + columns_of.len() as i64).div_euclid(2 * columns_of.len() as i64)
    };
    let means: Vec<_> = (0..n_slices).map(mean).collect();
    cells.iter().enumerate().map(move |(column, &cell)| i64::from(cell) - means[column % n_slices])
}

/// Adds the variance of a reference's noise to the cells that it is taken off, at the gain of its columns.
fn add_noise(written: &mut WrittenCells, bias: &BiasPlacement, (width, n_columns): (usize, usize)) {
    let Some(variances) = &mut written.variances else { return };
    let row = |row: &[f64]| {
        let (cells, columns) = row.split_at(n_columns);
        let of_slice = |slice: usize| {
            let columns_of = &bias.references[slice].columns;
            let sum: f64 = columns_of.iter().map(|&(index, _)| columns[index]).sum();
            sum / (columns_of.len() * columns_of.len()) as f64
        };
        let n_slices = bias.references.len();
        cells.iter().enumerate().map(|(column, cell)| cell + of_slice(column % n_slices)).collect::<Vec<_>>()
    };
    *variances = variances.chunks_exact(width).flat_map(row).collect();
}
