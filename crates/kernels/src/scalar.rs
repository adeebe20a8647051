//! The reference: a loop over the cells of each column.

use crate::array::GROUP;
use crate::{Job, Output, SliceSign, Work};

pub(crate) fn run(job: &Job<'_>, output: Output<'_>) -> Work {
    let Output { totals, mut tally } = output;
    let mut work = Work::default();
    let (array, inputs) = (job.array, &job.inputs);
    for (position, totals) in totals.chunks_exact_mut(array.padded_columns()).enumerate() {
        totals.fill(0);
        for (index, slice) in job.slices.iter().enumerate() {
            for (read_index, read) in array.reads().iter().enumerate() {
                let offset = position * job.n_offsets() + index * array.reads().len() + read_index;
                let (lift, drop) = (inputs.lifts[offset], inputs.drops[offset]);
                for (column, total) in totals.iter_mut().take(array.n_columns()).enumerate() {
                    let mut sum = 0;
                    for line in 0..read.groups.len() * GROUP {
                        let (group, bit) = (read.groups.start + line / GROUP, line % GROUP);
                        sum +=
                            array.cell(group, bit, column) * input(job, position, slice.planes.clone(), (group, bit));
                    }
                    if let Some(tally) = &mut tally {
                        tally.record(std::iter::once(sum), lift);
                    }
                    let converted = job.transfer.value(sum, lift, drop) << slice.shift;
                    match slice.sign {
                        SliceSign::Plus => *total += converted,
                        SliceSign::Minus => *total -= converted,
                    }
                    work.conversions += 1;
                }
                work.reads += 1;
                work.word_lines += read.word_lines as u64;
            }
        }
    }
    work
}

/// The level that drives a word line.
fn input(job: &Job<'_>, position: usize, planes: std::ops::Range<usize>, (group, bit): (usize, usize)) -> u32 {
    let patterns = &job.inputs.patterns[position * job.n_patterns()..];
    let bit_of = |plane| u32::from(patterns[plane * job.array.n_groups() + group] >> bit & 1);
    planes.enumerate().map(|(weight, plane)| bit_of(plane) << weight).sum()
}
