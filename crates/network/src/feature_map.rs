//! Feature maps, and what is done with their codes.

use crate::layer::Window;
use crate::{CodeFormat, ForwardError, Shape};

/// The codes between two layers: `[channel][row][column]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureMap {
    shape: Shape,
    codes: Vec<u16>,
}

impl FeatureMap {
    /// A map of `shape` with its codes in the order channel, row, column.
    ///
    /// # Errors
    ///
    /// If there are more or fewer codes than `shape` holds.
    pub fn new(shape: Shape, codes: Vec<u16>) -> Result<Self, ForwardError> {
        if codes.len() != shape.len() {
            return Err(ForwardError::Length { found: codes.len(), shape });
        }
        Ok(Self { shape, codes })
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The codes in the order channel, row, column.
    pub fn codes(&self) -> &[u16] {
        &self.codes
    }

    /// The codes of one channel, row by row.
    ///
    /// # Panics
    ///
    /// If there is no such channel.
    pub fn channel(&self, channel: usize) -> &[u16] {
        let positions = self.shape.positions();
        &self.codes[channel * positions..][..positions]
    }

    /// The same codes as one column of channels, as a linear layer reads them.
    pub(crate) fn into_flattened(self) -> Self {
        Self { shape: self.shape.flattened(), codes: self.codes }
    }
}

/// The largest code of each window, in the order of the numbers that codes of `format` stand for.
///
/// A window reaches `out_shape` from the shape of `ifmap`. Padding adds nothing: it is below every code.
pub(crate) fn max_pool(ifmap: &FeatureMap, format: CodeFormat, window: Window, out_shape: Shape) -> FeatureMap {
    pool(ifmap, window, out_shape, |codes| codes.max_by_key(|&code| format.value(code)).unwrap_or(0))
}

/// The sum of each window of unsigned codes, which a code holds (a network's sum-pool is checked for that).
pub(crate) fn sum_pool(ifmap: &FeatureMap, window: Window, out_shape: Shape) -> FeatureMap {
    pool(ifmap, window, out_shape, |codes| codes.sum())
}

/// What becomes of the codes under each window.
fn pool(
    ifmap: &FeatureMap,
    window: Window,
    out_shape: Shape,
    pooled: impl Fn(&mut dyn Iterator<Item = u16>) -> u16,
) -> FeatureMap {
    let Shape { height, width, .. } = ifmap.shape;
    let mut codes = Vec::with_capacity(out_shape.len());
    for channel in 0..out_shape.channels {
        let map = ifmap.channel(channel);
        for out_row in 0..out_shape.height {
            let rows = window.rows_on_map(out_row, height);
            for out_column in 0..out_shape.width {
                let columns = window.columns_on_map(out_column, width);
                codes.push(pooled(&mut rows.clone().flat_map(|row| &map[row * width..][columns.clone()]).copied()));
            }
        }
    }
    FeatureMap { shape: out_shape, codes }
}

/// The sums of two maps of one shape, at most `max_code`.
pub(crate) fn add(left: &FeatureMap, right: &FeatureMap, max_code: u16) -> FeatureMap {
    let sums = left.codes.iter().zip(&right.codes).map(|(left, right)| left.saturating_add(*right).min(max_code));
    FeatureMap { shape: left.shape, codes: sums.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sign;

    fn pooled(format: CodeFormat, window: Window, map: [[u16; 4]; 4]) -> Vec<u16> {
        let ifmap = FeatureMap::new(Shape::new(1, 4, 4), map.concat()).expect("16 codes");
        let steps = (4 + 2 * window.padding - window.height) / window.stride + 1;
        max_pool(&ifmap, format, window, Shape::new(1, steps, steps)).codes
    }

    const MAP: [[u16; 4]; 4] = [[1, 2, 3, 0], [9, 0, 0, 1], [4, 4, 0, 0], [4, 7, 0, 0]];

    #[test]
    fn pools_take_the_largest_code_of_each_window() {
        let window = Window { height: 2, width: 2, stride: 2, padding: 0 };
        assert_eq!(pooled(CodeFormat::unsigned(4), window, MAP), [9, 3, 7, 0]);
    }

    #[test]
    fn a_pool_of_signed_codes_goes_by_their_numbers() {
        let window = Window { height: 2, width: 2, stride: 2, padding: 0 };
        // 9 stands for −7.
        assert_eq!(pooled(CodeFormat { bits: 4, sign: Sign::TwosComplement }, window, MAP), [2, 3, 7, 0]);
    }

    #[test]
    fn sum_pools_add_what_lies_on_the_map() {
        let ifmap = FeatureMap::new(Shape::new(1, 4, 4), MAP.concat()).expect("16 codes");
        let window = Window { height: 3, width: 3, stride: 2, padding: 1 };
        assert_eq!(sum_pool(&ifmap, window, Shape::new(1, 2, 2)).codes, [12, 6, 28, 12]);
    }

    #[test]
    fn sums_of_maps_end_at_the_greatest_code() {
        let map = |codes| FeatureMap::new(Shape::new(3, 1, 1), codes).expect("3 codes");
        assert_eq!(add(&map(vec![0, 2, 65535]), &map(vec![1, 2, 1]), 3).codes, [1, 3, 3]);
    }

    #[test]
    fn padding_adds_nothing() {
        let window = Window { height: 3, width: 3, stride: 2, padding: 1 };
        assert_eq!(pooled(CodeFormat::unsigned(4), window, MAP), [9, 3, 9, 7]);
    }
}
