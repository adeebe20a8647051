//! The chip that quantised training sees.

use rebias_arch::FlipEncoding;
use rebias_config::{Interval, Problem, Table};

use crate::form::Form;

/// The chip to train for, as far as training sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hardware {
    /// Bits of a cell; 1 … 8.
    pub cell_bits: u32,
    /// Word lines of an array: rows whose currents meet in a column.
    pub word_lines: usize,
    /// How heavy columns are stored.
    pub flip_encoding: FlipEncoding,
    /// Level of the cells in each array's bias column; `None`: inputs are counted digitally.
    pub bias_level: Option<u32>,
    /// Standard deviation of programming errors, as a share of a cell's range.
    pub weight_noise: f64,
    /// Cells that don't take what is written.
    pub stuck_cells: StuckCells,
    /// Converters, if they are seen.
    pub partial_sums: Option<PartialSums>,
}

/// Shares of cells that are stuck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StuckCells {
    /// At the highest level.
    pub lrs: f64,
    /// At level 0.
    pub hrs: f64,
}

impl StuckCells {
    /// All cells take what is written.
    pub const NONE: Self = Self { lrs: 0.0, hrs: 0.0 };
}

/// How column sums become codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialSums {
    /// Bits of an ADC's code.
    pub adc_bits: u32,
    /// Bits of an input slice.
    pub dac_bits: u32,
    /// Which interval of sums the codes span.
    pub range: Range,
}

/// The interval of column sums that an ADC's codes span, as in a chip's `[adc] range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// From 0 to the nominal full scale, in steps of at least one level.
    FullScale,
    /// From 0 in steps of one level.
    LosslessStep,
    /// From the least to the greatest sum that the batch's first images make in the layer, in steps of at least one level.
    Calibrated,
}

impl Hardware {
    /// Reads the table `[hardware]` of a recipe.
    pub(crate) fn read(table: &Table<'_>) -> Option<Self> {
        let share = || Interval::closed(0.0, 1.0);
        let cell_bits = table.integer("cell_bits", 1..=8);
        let word_lines = table.integer("word_lines", 1..=65_536);
        let flips = [("off", FlipEncoding::Off), ("on", FlipEncoding::On)];
        let flip_encoding = table.choice_or_first("flip_encoding", &flips);
        let bias_level =
            table.optional_integer("bias_level", 1..=255).and_then(|level| checked_level(table, level, cell_bits));
        let weight_noise = table.number_or("weight_noise", share(), 0.0);
        let stuck_cells = table.optional_table_as("stuck_cells", stuck_cells);
        let partial_sums = table.optional_table_as("partial_sums", partial_sums);
        Some(Self {
            cell_bits: cell_bits?,
            word_lines: word_lines?,
            flip_encoding: flip_encoding?,
            bias_level: bias_level?,
            weight_noise: weight_noise?,
            stuck_cells: stuck_cells?.unwrap_or(StuckCells::NONE),
            partial_sums: partial_sums?,
        })
    }

    /// Says what of `[hardware]` a form cannot be trained with.
    pub(crate) fn check_form(&self, root: &Table<'_>, form: Form) -> Option<()> {
        if self.partial_sums.is_some() && form.is_pair() {
            let problem = Problem::new("`form` is a pair of columns, and partial sums are those of one");
            root.fault("hardware", problem.legal("a form of one column").hint("remove `partial_sums`"));
            return None;
        }
        Some(())
    }

    /// The highest level of a cell, 2^c − 1.
    pub fn max_level(&self) -> u32 {
        (1 << self.cell_bits) - 1
    }
}

/// A level, if cells of these bits have it.
fn checked_level(table: &Table<'_>, level: Option<u32>, cell_bits: Option<u32>) -> Option<Option<u32>> {
    let most = (1 << cell_bits?) - 1;
    if level.is_some_and(|level| level > most) {
        table.fault("bias_level", Problem::new("cells have no such level").legal(format!("1..={most}")));
        return None;
    }
    Some(level)
}

fn stuck_cells(table: &Table<'_>) -> Option<StuckCells> {
    let lrs = table.number_or("lrs", Interval::closed(0.0, 1.0), 0.0);
    let hrs = table.number_or("hrs", Interval::closed(0.0, 1.0), 0.0);
    let (lrs, hrs) = (lrs?, hrs?);
    if lrs + hrs > 1.0 {
        table.fault(
            "hrs",
            Problem::new("`lrs` and `hrs` are more than all cells").legal(format!("0 <= x <= {}", 1.0 - lrs)),
        );
        return None;
    }
    Some(StuckCells { lrs, hrs })
}

fn partial_sums(table: &Table<'_>) -> Option<PartialSums> {
    let adc_bits = table.integer("adc_bits", 1..=16);
    let dac_bits = table.integer("dac_bits", 1..=8);
    let ranges =
        [("full-scale", Range::FullScale), ("lossless-step", Range::LosslessStep), ("calibrated", Range::Calibrated)];
    let range = table.choice("range", &ranges);
    Some(PartialSums { adc_bits: adc_bits?, dac_bits: dac_bits?, range: range? })
}
