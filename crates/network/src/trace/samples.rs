//! Images that come with a trace.

use ndarray::{Array4, Axis};

/// Images as codes of the network's input, with what is known of their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleSet {
    /// `[n, channels, rows, columns]`; at least one.
    pub inputs: Array4<u8>,
    /// True classes, one for each image.
    pub labels: Option<Vec<u16>>,
    /// Classes that the integer network finds, one for each image.
    pub expected: Option<Vec<u16>>,
}

impl SampleSet {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.inputs.len_of(Axis(0))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `n` images, or all if there are fewer.
    pub fn first(&self, n: usize) -> Self {
        let n = n.min(self.len());
        let first =
            |classes: &Option<Vec<u16>>| classes.as_ref().map(|classes| classes.iter().take(n).copied().collect());
        Self {
            inputs: self.inputs.slice_axis(Axis(0), (..n).into()).to_owned(),
            labels: first(&self.labels),
            expected: first(&self.expected),
        }
    }

    /// The codes of an image, channel, row, column.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn image(&self, index: usize) -> Vec<u16> {
        self.inputs.index_axis(Axis(0), index).iter().map(|&code| code.into()).collect()
    }
}
