//! A layer's weights in the cells of one chip.
//!
//! Weights are drawn in plain numbers, so that a chip is the same wherever training computes. A cell of level ℓ that is
//! written with a standard deviation σ conducts max(0, ℓ + σ·(2^c − 1)·z), z standard normal; a stuck one 2^c − 1 (LRS)
//! or 0 (HRS). Which cells are stuck is drawn for each chip, so that a network learns to bear faults that nobody knows.

use std::ops::Range;

use ndarray::Array2;
use rebias_arch::FlipEncoding;

use super::Chip;
use crate::codes::{Codes, Sides};

/// The cells of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Cells {
    plus: Side,
    minus: Option<Side>,
    /// What each row's cell in a bias column gives, as a share of what was written: 1 without errors.
    unit: Vec<f64>,
}

/// The columns of one side of a pair, or of all.
#[derive(Clone, Debug)]
struct Side {
    /// Least significant first.
    slices: Vec<Slice>,
}

/// One weight slice.
#[derive(Clone, Debug)]
struct Slice {
    /// What each cell conducts, in levels, `[out_channels, rows]`.
    levels: Array2<f64>,
    /// Columns that are stored complemented, `[out_channels, arrays]`.
    flips: Array2<bool>,
}

impl Cells {
    /// Writes codes into the next cells of a chip.
    pub(crate) fn program(codes: &Codes, chip: &mut Chip<'_>) -> Self {
        let flip_encoding = match codes.sides {
            Sides::Biased(_) => chip.hardware.flip_encoding,
            Sides::Pair { .. } => FlipEncoding::Off,
        };
        let plus = Side::program(&codes.plus, codes.bits, flip_encoding, chip);
        let minus = match &codes.sides {
            Sides::Biased(_) => None,
            Sides::Pair { minus, .. } => Some(Side::program(minus, codes.bits, flip_encoding, chip)),
        };
        let unit = match chip.hardware.bias_level {
            None => vec![1.0; codes.plus.ncols()],
            Some(level) => {
                let level = f64::from(level);
                (0..codes.plus.ncols()).map(|_| chip.cell(level) / level).collect()
            }
        };
        Self { plus, minus, unit }
    }

    /// The real weights that they make, `[out_channels, rows]`.
    pub(crate) fn weights(&self, codes: &Codes, chip: &Chip<'_>) -> Array2<f64> {
        let plus = self.plus.codes(&self.unit, chip);
        let minus = self.minus.as_ref().map(|minus| minus.codes(&self.unit, chip));
        Array2::from_shape_fn(plus.dim(), |at @ (channel, row)| {
            let other = match (&codes.sides, &minus) {
                (Sides::Biased(_), _) => codes.beta_of(channel) * self.unit[row],
                (Sides::Pair { ratio, .. }, Some(minus)) => -ratio * minus[at],
                (Sides::Pair { .. }, None) => 0.0,
            };
            codes.alpha_of(channel) * (plus[at] + other)
        })
    }

    /// Number of weight slices.
    pub(super) fn n_slices(&self) -> usize {
        self.plus.slices.len()
    }

    /// The columns of the array that holds `rows`, `[slices · out_channels + 1, rows]`, the bias column last.
    pub(super) fn array(&self, rows: Range<usize>) -> Array2<f64> {
        let (n_slices, n_channels) = (self.n_slices(), self.plus.slices[0].levels.nrows());
        Array2::from_shape_fn((n_slices * n_channels + 1, rows.len()), |(column, row)| {
            let row = rows.start + row;
            let slice = self.plus.slices.get(column / n_channels);
            slice.map_or(self.unit[row], |slice| slice.levels[[column % n_channels, row]])
        })
    }

    /// For each column of array `index` but the last, whether it is stored complemented.
    pub(super) fn flips(&self, index: usize) -> Vec<bool> {
        self.plus.slices.iter().flat_map(|slice| slice.flips.column(index).to_vec()).collect()
    }
}

impl Side {
    fn program(codes: &Array2<u16>, bits: u32, flip_encoding: FlipEncoding, chip: &mut Chip<'_>) -> Self {
        let (cell_bits, max_level) = (chip.hardware.cell_bits, chip.hardware.max_level());
        let slices = (0..bits.div_ceil(cell_bits)).map(|slice| {
            let wanted = codes.mapv(|code| (u32::from(code) >> (slice * cell_bits)) & max_level);
            Slice::program(&wanted, flip_encoding, chip)
        });
        Self { slices: slices.collect() }
    }

    /// What the digital side makes of the columns, `[out_channels, rows]`: the codes, but for errors.
    fn codes(&self, unit: &[f64], chip: &Chip<'_>) -> Array2<f64> {
        let hardware = chip.hardware;
        let (first, max_level) = (&self.slices[0].levels, f64::from(hardware.max_level()));
        let mut codes = Array2::zeros(first.dim());
        for (index, slice) in self.slices.iter().enumerate() {
            let weight = f64::from(hardware.cell_bits * index as u32).exp2();
            for ((channel, row), code) in codes.indexed_iter_mut() {
                let level = slice.levels[[channel, row]];
                let is_flipped = slice.flips[[channel, row / hardware.word_lines]];
                *code += weight * if is_flipped { max_level * unit[row] - level } else { level };
            }
        }
        codes
    }
}

impl Slice {
    fn program(wanted: &Array2<u32>, flip_encoding: FlipEncoding, chip: &mut Chip<'_>) -> Self {
        let (word_lines, max_level) = (chip.hardware.word_lines, chip.hardware.max_level());
        let (n_channels, n_rows) = wanted.dim();
        let flips = Array2::from_shape_fn((n_channels, n_rows.div_ceil(word_lines)), |(channel, array)| {
            let rows = array * word_lines..((array + 1) * word_lines).min(n_rows);
            let full = rows.len() as u32 * max_level;
            let held: u32 = rows.map(|row| wanted[[channel, row]]).sum();
            flip_encoding == FlipEncoding::On && 2 * held > full
        });
        let levels = Array2::from_shape_fn(wanted.dim(), |(channel, row)| {
            let level = wanted[[channel, row]];
            let stored = if flips[[channel, row / word_lines]] { max_level - level } else { level };
            chip.cell(f64::from(stored))
        });
        Self { levels, flips }
    }
}

impl Chip<'_> {
    /// What the next cell conducts, in levels, after `level` was written.
    fn cell(&mut self, level: f64) -> f64 {
        let max_level = f64::from(self.hardware.max_level());
        let (sigma, stuck) = (self.hardware.weight_noise, self.hardware.stuck_cells);
        let written = if sigma > 0.0 { (level + sigma * max_level * self.stream.normal()).max(0.0) } else { level };
        if stuck.lrs + stuck.hrs == 0.0 {
            return written;
        }
        let place = self.stream.unit();
        if place < stuck.lrs {
            max_level
        } else if place < stuck.lrs + stuck.hrs {
            0.0
        } else {
            written
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rebias_recipe::{Hardware, StuckCells};

    use crate::hardware::Chips;
    use crate::random::Purpose;

    const IDEAL: Hardware = Hardware {
        cell_bits: 2,
        word_lines: 4,
        flip_encoding: FlipEncoding::On,
        bias_level: Some(1),
        weight_noise: 0.0,
        stuck_cells: StuckCells::NONE,
        partial_sums: None,
    };

    fn chip(hardware: &Hardware, index: usize) -> Chip<'_> {
        Chips { hardware, seed: 3 }.chip(Purpose::Chip, index)
    }

    /// Codes of five bits: three slices of two-bit cells; heavy and light columns.
    fn codes(sides: Sides) -> Codes {
        let plus = Array2::from_shape_fn((40, 50), |(channel, row)| ((channel * 7 + row * 3) % 32) as u16);
        Codes { bits: 5, plus, alpha: vec![0.5], sides }
    }

    fn biased() -> Codes {
        codes(Sides::Biased(vec![-13.5]))
    }

    fn pair() -> Codes {
        let minus = Array2::from_shape_fn((40, 50), |(channel, row)| ((channel + row) % 32) as u16);
        codes(Sides::Pair { minus, ratio: 1.25 })
    }

    /// Mean and standard deviation of the errors of all weights on chip `index`.
    fn errors(codes: &Codes, hardware: &Hardware, index: usize) -> (f64, f64) {
        let mut chip = chip(hardware, index);
        let cells = Cells::program(codes, &mut chip);
        let errors = cells.weights(codes, &chip) - codes.weights();
        (errors.mean().unwrap(), errors.std(0.0))
    }

    #[test]
    fn ideal_cells_hold_the_weights_flipped_or_not() {
        for codes in [biased(), pair()] {
            for flip_encoding in [FlipEncoding::Off, FlipEncoding::On] {
                let hardware = Hardware { flip_encoding, ..IDEAL };
                let mut chip = chip(&hardware, 0);
                let cells = Cells::program(&codes, &mut chip);
                assert_eq!(cells.weights(&codes, &chip), codes.weights());
                let flips: Vec<bool> = (0..13).flat_map(|array| cells.flips(array)).collect();
                let is_flipping = flip_encoding == FlipEncoding::On && matches!(codes.sides, Sides::Biased(_));
                assert_eq!(flips.contains(&true), is_flipping);
            }
        }
    }

    #[test]
    fn errors_of_cells_meet_in_a_weight_by_their_significance() {
        // Three slices of 3·σ each: σ·3·√(1 + 16 + 256)·α, and 3·σ·|β| more for the rows of the bias column.
        let hardware = Hardware { weight_noise: 0.01, bias_level: None, ..IDEAL };
        let by_hand = 0.01 * 3.0 * 273f64.sqrt() * 0.5;
        let (_, deviation) = errors(&biased(), &hardware, 1);
        // Level 0 has half of the errors only, as cells conduct no less than nothing.
        assert!((0.8..1.0).contains(&(deviation / by_hand)), "{deviation} {by_hand}");
        let (_, of_pair) = errors(&pair(), &hardware, 1);
        assert!((0.8..1.0).contains(&(of_pair / (by_hand * (1.0 + 1.25 * 1.25f64).sqrt()))), "{of_pair}");
        let with_bias = Hardware { bias_level: Some(1), ..hardware };
        let beside = (errors(&biased(), &with_bias, 1).1.powi(2) - deviation.powi(2)).sqrt();
        assert!((0.6..1.4).contains(&(beside / (0.01 * 3.0 * 13.5 * 0.5))), "{beside}");
    }

    #[test]
    fn chips_differ_and_are_the_same_when_made_again() {
        let hardware = Hardware { weight_noise: 0.1, ..IDEAL };
        assert_eq!(errors(&biased(), &hardware, 1), errors(&biased(), &hardware, 1));
        assert_ne!(errors(&biased(), &hardware, 1), errors(&biased(), &hardware, 2));
    }

    #[test]
    fn stuck_cells_take_nothing() {
        let stuck = |lrs, hrs| Hardware { stuck_cells: StuckCells { lrs, hrs }, bias_level: None, ..IDEAL };
        let level = |hardware: &Hardware, level| {
            let mut chip = chip(hardware, 0);
            (0..1000).map(|_| chip.cell(level)).collect::<Vec<_>>()
        };
        assert!(level(&stuck(1.0, 0.0), 1.0).iter().all(|&level| level == 3.0));
        assert!(level(&stuck(0.0, 1.0), 1.0).iter().all(|&level| level == 0.0));
        let some = level(&stuck(0.2, 0.3), 1.0);
        let count = |wanted: f64| some.iter().filter(|&&level| level == wanted).count();
        assert!((150..250).contains(&count(3.0)) && (250..350).contains(&count(0.0)) && count(1.0) > 400);
    }

    #[test]
    fn columns_of_an_array_end_in_its_bias_column() {
        let codes = biased();
        let hardware = Hardware { flip_encoding: FlipEncoding::Off, ..IDEAL };
        let cells = Cells::program(&codes, &mut chip(&hardware, 0));
        let columns = cells.array(48..50);
        assert_eq!(columns.dim(), (3 * 40 + 1, 2));
        assert_eq!(columns.row(120).to_vec(), [1.0, 1.0]);
        let code = columns[[5, 1]] + 4.0 * columns[[45, 1]] + 16.0 * columns[[85, 1]];
        assert_eq!(code, f64::from(codes.plus[[5, 49]]));
    }
}
