//! Room that is used again from job to job.

use crate::memory::Whole;

/// Room for what kernels compute on the way.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Totals by image, in as many bits as hold them.
    pub(crate) totals_16: Vec<i16>,
    pub(crate) totals_32: Vec<i32>,
    pub(crate) totals_64: Vec<i64>,
    /// Tables of whole groups.
    pub(crate) bytes: Vec<Whole<u8, 64>>,
    pub(crate) words: Vec<Whole<u16, 32>>,
}
