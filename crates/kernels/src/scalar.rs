//! The reference: a loop over the cells of each column.

use crate::dispatch::Isa;
use crate::noise::SpreadTables;
use crate::random::Key;
use crate::stack::Tables;
use crate::{Job, LANES, Output, Read, Total, Work};

pub(crate) fn run<T: Total>(job: &Job<'_>, output: Output<'_, T>) -> Work {
    let Output { totals, mut tally } = output;
    let Tables::Cells(cells) = &job.stack.tables else { unreachable!("the scalar kernel tabulates nothing") };
    let mut work = Work::default();
    totals.fill([T::ZERO; LANES]);
    for (column, totals) in job.columns().zip(totals.chunks_exact_mut(job.positions.len())) {
        for (position, totals) in totals.iter_mut().enumerate() {
            for (read_index, read) in job.stack.lines().reads().iter().enumerate() {
                for slice in 0..job.slices.len() {
                    let sums = Sums { job, cells, column, read, at: (read_index, position, slice) };
                    for (lane, total) in totals.iter_mut().enumerate().take(job.positions[position].n_lanes) {
                        let analog = sums.analog(lane);
                        if let Some(tally) = &mut tally
                            && tally.takes(column, &job.positions[position])
                        {
                            tally.record(std::iter::once(analog));
                        }
                        let drop = job.drop(read_index, position, slice).map_or(0, |drops| drops[lane].into());
                        let converted = job.transfer.value(analog, job.stack.shift(), drop);
                        *total = total.plus(T::wrapped(
                            job.slices[slice].placed(converted, job.stack.is_negated(read_index, column)),
                        ));
                        work.conversions += 1;
                    }
                    if column == job.columns.0 {
                        work.add_read(read.word_lines(), &job.positions[position]);
                    }
                }
            }
        }
    }
    work
}

/// The sums of one column, read and slice.
struct Sums<'a> {
    job: &'a Job<'a>,
    cells: &'a [u32],
    column: usize,
    read: &'a Read,
    /// Read, position and slice.
    at: (usize, usize, usize),
}

impl Sums<'_> {
    fn analog(&self, lane: usize) -> i64 {
        let (read, position, slice) = self.at;
        let sum: i64 = self.over(self.cells, lane, |input| input);
        let lift = self.job.lift(read, position, slice).map_or(0, |lifts| lifts[lane].into());
        (sum << self.job.stack.shift()) + lift + self.noise(lane)
    }

    fn noise(&self, lane: usize) -> i64 {
        let Some(spread) = &self.job.stack.spread else { return 0 };
        let SpreadTables::Cells(variances) = &spread.tables else { unreachable!("as the cells") };
        let (read, position, slice) = self.at;
        let key = Key::new(self.job.stream, (self.column, read, slice), &self.job.positions[position]);
        let variance = self.over(variances, lane, |input| input * input);
        spread.sample(variance as u32, key.normals(Isa::baseline())[lane]).into()
    }

    /// Σ cell · f(level that drives it).
    fn over(&self, cells: &[u32], lane: usize, of_input: impl Fn(i64) -> i64) -> i64 {
        let n_columns = self.job.stack.n_columns();
        let cell = |line: usize| i64::from(cells[line * n_columns + self.column]);
        self.read.lines.clone().map(|line| cell(line) * of_input(self.input(line, lane))).sum()
    }

    /// The level that drives a word line.
    fn input(&self, line: usize, lane: usize) -> i64 {
        let (job, (_, position, slice)) = (self.job, self.at);
        let group_lines = job.stack.lines().group_lines();
        let place = line - self.read.lines.start;
        let (group, bit) = (self.read.groups.start + place / group_lines, place % group_lines);
        let bit_of = |plane| i64::from(job.patterns.index((position, lane), plane, group) >> bit & 1);
        (0..).zip(job.slices[slice].planes.clone()).map(|(weight, plane)| bit_of(plane) << weight).sum()
    }
}
