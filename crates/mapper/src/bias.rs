//! What a layer's arrays have for their bias: bias columns, reference columns, the digital rest.

use rebias_arch::{Arch, BiasColumnPlace, BiasSharing, BiasSource, ReferenceLevel, ReferenceSpec, Remainder};
use rebias_crossbar::FRACTION_BITS;
use rebias_network::Weighted;

use crate::Slicing;

/// What a layer's arrays have for their bias.
#[derive(Clone, Debug, PartialEq)]
pub struct BiasPlacement {
    /// Columns of bias in the arrays that have some.
    pub n_bias_columns: u32,
    /// Which arrays have them.
    pub sharing: BiasSharing,
    /// The reference of each weight slice, in cell levels; empty without.
    pub references: Vec<Reference>,
    /// Whether the sum of inputs is needed after conversion.
    pub rest: DigitalRest,
}

/// What is subtracted from the columns of a weight slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// r_j, in cell levels.
    pub level: f64,
    /// The reference columns of the array that make it, at equal gains that add up to 1; their index among all of the
    /// array's reference columns, and their levels.
    pub columns: Vec<(usize, f64)>,
}

/// Whether something proportional to the sum of inputs is added after conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitalRest {
    /// It is.
    Needed,
    /// The reference takes it all.
    Vanishes,
}

impl BiasPlacement {
    /// Without bias columns or reference.
    fn counted() -> Self {
        Self { n_bias_columns: 0, sharing: BiasSharing::Array, references: Vec::new(), rest: DigitalRest::Needed }
    }

    pub(crate) fn new(arch: &Arch, weighted: &Weighted, slicing: &Slicing) -> Self {
        let is_corrected = arch.mapping().calibration.is_some();
        if slicing.subtracts_currents() && !is_corrected {
            // Pairs have no β, and a floor of their cells cancels.
            return Self { rest: DigitalRest::Vanishes, ..Self::counted() };
        }
        match arch.mapping().bias {
            BiasSource::Reference(_) if slicing.subtracts_currents() => Self::counted(),
            BiasSource::DigitalCount => Self::counted(),
            BiasSource::Columns(columns) => {
                Self { n_bias_columns: columns.n, sharing: columns.sharing, ..Self::counted() }
            }
            BiasSource::Reference(spec) => {
                let max_level = f64::from(arch.ima().crossbar.cell.max_level());
                let betas = betas(weighted);
                let levels = levels(&spec, slicing, max_level, &betas);
                let references = references(&spec, &levels);
                // As finely as networks' numerics know levels.
                let unit = f64::from(1u32 << FRACTION_BITS);
                let rounded = |level: f64| (level * unit + 0.5).floor() / unit;
                let sum: f64 = (0..).zip(&levels).map(|(slice, &level)| worth(slicing, slice) * rounded(level)).sum();
                let is_balanced = !betas.is_empty() && betas.iter().all(|&beta| beta == -sum);
                let takes_all = is_balanced || spec.remainder == Remainder::Dropped;
                // δ·S is digital.
                let rest = if takes_all && !is_corrected { DigitalRest::Vanishes } else { DigitalRest::Needed };
                Self { references, rest, ..Self::counted() }
            }
        }
    }

    /// Reference columns of an array.
    pub fn n_reference_columns(&self) -> u32 {
        let columns = self.references.iter().flat_map(|reference| &reference.columns);
        columns.map(|&(index, _)| index as u32 + 1).max().unwrap_or(0)
    }

    /// Levels of all reference columns of an array.
    pub fn reference_levels(&self) -> Vec<f64> {
        let mut levels = vec![0.0; self.n_reference_columns() as usize];
        for &(index, level) in self.references.iter().flat_map(|reference| &reference.columns) {
            levels[index] = level;
        }
        levels
    }

    /// Bias columns of the arrays of a column block.
    pub fn bias_columns(&self, column_block: usize) -> u32 {
        match self.sharing {
            BiasSharing::Array => self.n_bias_columns,
            BiasSharing::RowBlock if column_block == 0 => self.n_bias_columns,
            BiasSharing::RowBlock => 0,
        }
    }

    /// Bit lines that arrays keep for columns of bias and reference, among the C of each.
    pub(crate) fn kept_bit_lines(&self, arch: &Arch) -> u32 {
        match arch.mapping().bias.columns_place() {
            Some(BiasColumnPlace::Inside) => self.n_bias_columns + self.n_reference_columns(),
            Some(BiasColumnPlace::Extra) | None => 0,
        }
    }
}

/// β of the layer's channels; none without tensors.
fn betas(weighted: &Weighted) -> Vec<f64> {
    let Some(tensors) = &weighted.tensors else { return Vec::new() };
    let scale = f64::from(tensors.beta_fraction_bits).exp2();
    (0..tensors.codes.nrows()).map(|channel| f64::from(tensors.beta_of(channel)) / scale).collect()
}

fn worth(slicing: &Slicing, slice: u32) -> f64 {
    f64::from(slicing.weight_shift(slice)).exp2()
}

/// r_j of each slice.
///
/// To come near −β the highest slice takes the level that leaves the lower ones the middle of theirs, and so on down.
/// Channels with a β of their own share the mean; without tensors codes are taken as balanced.
fn levels(spec: &ReferenceSpec, slicing: &Slicing, max_level: f64, betas: &[f64]) -> Vec<f64> {
    let n = slicing.n_weight_slices();
    if let ReferenceLevel::All(level) = spec.level {
        return vec![level; n as usize];
    }
    let below = |slice: u32| (0..slice).map(|lower| worth(slicing, lower)).sum::<f64>();
    let middle = max_level / 2.0;
    let mut rest = match betas.len() {
        0 => middle * below(n),
        len => -betas.iter().sum::<f64>() / len as f64,
    };
    let grain = spec.device_step / 2.0;
    let mut levels = vec![0.0; n as usize];
    for (slice, chosen) in (0..n).zip(&mut levels).rev() {
        let wanted = (rest - middle * below(slice)) / worth(slicing, slice);
        *chosen = (wanted / grain + 0.5).floor().clamp(0.0, max_level / grain) * grain;
        rest -= worth(slicing, slice) * *chosen;
    }
    levels
}

/// Slices with the same level share their columns.
fn references(spec: &ReferenceSpec, levels: &[f64]) -> Vec<Reference> {
    let (mut found, mut n): (Vec<Reference>, usize) = (Vec::new(), 0);
    for &level in levels {
        let shared = found.iter().find(|reference| reference.level == level).cloned();
        let reference = shared.unwrap_or_else(|| {
            // Levels are those that can be programmed: they were checked, or chosen among them.
            let columns = spec.columns(level).unwrap_or_else(|| vec![level]);
            let reference = Reference { level, columns: (n..).zip(columns).collect() };
            n += reference.columns.len();
            reference
        });
        found.push(reference);
    }
    found
}
