//! Which vectors of a strip are added to which totals.

use super::Pair;
use crate::patterns::QUAD;
use crate::{Job, SliceSign};

/// How the vectors of a strip are added, for slices of one plane.
pub(super) struct Schedule {
    /// For each plane, its slice.
    pub(super) slices: Vec<usize>,
    /// For each quad of vectors, how they are added.
    pub(super) quads: Vec<Vec<Step>>,
    /// For each quad its two pairs of vectors, if all are made of such.
    pub(super) pairs: Option<Vec<[Pair; 2]>>,
}

/// Vectors of a quad that are added together: slices of one position, each worth twice the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The first.
    pub(super) vector: usize,
    /// 1, 2 or 4.
    pub(super) n_vectors: usize,
    /// Place of the position in its strip.
    pub(super) position: usize,
    /// Of the first.
    pub(super) shift: u32,
    pub(super) sign: SliceSign,
}

impl Schedule {
    /// `None` if a slice has several planes, or a plane no slice.
    pub(super) fn new(job: &Job<'_>) -> Option<Self> {
        let n_planes = job.patterns.n_planes();
        let slice_of = |plane: usize| job.slices.iter().position(|slice| slice.planes == (plane..plane + 1));
        let slices: Vec<_> = (0..n_planes).map(slice_of).collect::<Option<_>>()?;
        let step = |at: usize| {
            let slice = &job.slices[slices[at % n_planes]];
            let (vector, position) = (at % QUAD, at / n_planes);
            Step { vector, n_vectors: 1, position, shift: slice.shift, sign: slice.sign }
        };
        let quad = |first: usize| {
            let mut steps = (first..first + QUAD).map(step).collect::<Vec<_>>();
            // First pairs, then pairs of pairs.
            for n_vectors in [1, 2] {
                let mut joined: Vec<Step> = Vec::with_capacity(QUAD);
                for step in steps {
                    match joined.last_mut() {
                        Some(last) if last.takes(&step, n_vectors) => last.n_vectors *= 2,
                        _ => joined.push(step),
                    }
                }
                steps = joined;
            }
            steps
        };
        let quads: Vec<_> = (0..job.patterns.vectors_per_strip()).step_by(QUAD).map(quad).collect();
        let slice = |at: usize| slices[at % n_planes];
        let pairs = quads.iter().enumerate().map(|(quad, steps)| pairs(steps, |vector| slice(QUAD * quad + vector)));
        let pairs = pairs.collect();
        Some(Self { slices, quads, pairs })
    }
}

/// The steps of a quad as pairs of vectors, whose slices `slice` tells.
fn pairs(steps: &[Step], slice: impl Fn(usize) -> usize) -> Option<[Pair; 2]> {
    let pair = |step: &Step, half: u32| {
        let is_plus = step.sign == SliceSign::Plus;
        let vector = step.vector + 2 * half as usize;
        let slices = [slice(vector), slice(vector + 1)];
        is_plus.then_some(Pair { position: step.position, shift: step.shift + 2 * half, slices })
    };
    match steps {
        [step] if step.n_vectors == 4 => Some([pair(step, 0)?, pair(step, 1)?]),
        [first, second] if (first.n_vectors, second.n_vectors) == (2, 2) => Some([pair(first, 0)?, pair(second, 0)?]),
        _ => None,
    }
}

impl Step {
    fn takes(&self, next: &Self, n_vectors: usize) -> bool {
        (self.n_vectors, next.n_vectors) == (n_vectors, n_vectors)
            && self.vector.is_multiple_of(2 * n_vectors)
            && self.position == next.position
            && (self.sign, next.sign) == (SliceSign::Plus, SliceSign::Plus)
            && self.shift + n_vectors as u32 == next.shift
    }
}
