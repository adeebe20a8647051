//! All slices and reads in one product, where nothing is lost.

use super::inputs::{Bits, Driven, Inputs, Slices};
use super::multiplier::{Multiplier, Start, Sums};
use super::sums::wides;
use crate::products::{Products, ROWS, Second};
use crate::{Job, LANES, SliceSign, Total, Transfer};

/// What each bit plane is worth in an input, if sums are added as they are, and inputs are bytes.
pub(super) fn worths(job: &Job<'_>) -> Option<Slices> {
    let adds_nothing = job.lifts.is_none() && job.stack.spread.is_none();
    let is_exact = *job.transfer == Transfer::Exact && adds_nothing && !job.stack.has_negated();
    if !is_exact || job.slices.iter().any(|slice| slice.sign == SliceSign::Minus) {
        return None;
    }
    let mut left = u8::MAX;
    let mut driven = Vec::new();
    for slice in job.slices {
        for (weight, plane) in (slice.shift..).zip(slice.planes.clone()) {
            let worth = 1u8.checked_shl(weight)?;
            left = left.checked_sub(worth)?;
            driven.push(Driven { plane, worth });
        }
    }
    Some(Slices { first: driven, second: None })
}

/// Writes totals, `[position][column]`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
pub(super) fn run<T: Total>((products, job): (&Products, &Job<'_>), slices: &Slices, totals: &mut [[T; LANES]]) {
    let (first, end) = (job.columns.0 / ROWS, job.columns.1.div_ceil(ROWS));
    let second = products.second();
    let sets_of_columns = if second == Second::High { 2 } else { 1 };
    // SAFETY: only the AMX kernel comes this way, and its existence proves the registers.
    let mut multiplier = unsafe { Multiplier::new((end - first) * sets_of_columns) };
    let mut inputs = Inputs::new();
    for (position, totals) in totals.chunks_exact_mut(job.columns().len()).enumerate() {
        for (index, read) in job.stack.lines().reads().iter().enumerate() {
            inputs.fill(Bits::new(job.patterns, read, position), slices, products.upper(index));
            let start = if index == 0 { Start::Zero } else { Start::Present };
            for columns in first..end {
                let (cells, seconds) = products.of(index, columns);
                let set = (columns - first) * sets_of_columns;
                if second == Second::High {
                    multiplier.multiply((cells, &[]), inputs.tiles(), (set, start));
                    multiplier.multiply((seconds, &[]), inputs.tiles(), (set + 1, start));
                } else {
                    multiplier.multiply((cells, seconds), inputs.tiles(), (set, start));
                }
            }
        }
        multiplier.finish();
        for (column, totals) in job.columns().zip(totals) {
            let set = (column / ROWS - first) * sets_of_columns;
            write((&multiplier.sets()[set..], column % ROWS), second, totals);
        }
    }
}

/// Writes the totals of a column.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
fn write<T: Total>((sets, row): (&[Sums], usize), second: Second, totals: &mut [T; LANES]) {
    let low = wides(&sets[0], row).in_order();
    if second == Second::High {
        let high = wides(&sets[1], row).in_order();
        for (total, (low, high)) in totals.iter_mut().zip(low.into_iter().zip(high)) {
            *total = T::wrapped(i64::from(low) + (i64::from(high) << 8));
        }
    } else {
        totals.iter_mut().zip(low).for_each(|(total, sum)| *total = T::wrapped(sum.into()));
    }
}
