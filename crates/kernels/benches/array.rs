//! How many multiply–accumulates a second one core makes, for 2-bit weights in 2-bit cells, 2-bit inputs and 128 word
//! lines.
//!
//! ```text
//! cargo bench -p rebias-kernels
//! ```

use divan::Bencher;
use divan::counter::ItemsCount;
use rebias_kernels::{
    Array, Division, Histogram, Inputs, Job, Kernel, Output, Rounding, Slice, SliceSign, Tally, Transfer,
};

const WORD_LINES: usize = 128;
const COLUMNS: usize = 128;
const POSITIONS: usize = 256;
const PLANES: usize = 2;

fn main() {
    divan::main();
}

fn random_bytes(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn bench(bencher: Bencher<'_, '_>, transfer: &Transfer, mut tally: Option<Tally>) {
    let cells: Vec<_> = random_bytes(WORD_LINES * COLUMNS).into_iter().map(|cell| cell & 3).collect();
    let array = Array::new(&cells, COLUMNS, WORD_LINES, 1);
    let slice = |plane: usize| Slice { planes: plane..plane + 1, shift: plane as u32, sign: SliceSign::Plus };
    let slices: Vec<_> = (0..PLANES).map(slice).collect();
    let patterns = random_bytes(POSITIONS * PLANES * array.n_groups());
    let offsets = vec![0; POSITIONS * PLANES];
    let inputs =
        Inputs { patterns: &patterns, lifts: &offsets, drops: &offsets, n_positions: POSITIONS, n_planes: PLANES };
    let job = Job { array: &array, slices: &slices, transfer, inputs };
    let mut totals = vec![0; POSITIONS * array.padded_columns()];
    bencher
        .counter(ItemsCount::new(POSITIONS * WORD_LINES * COLUMNS))
        .bench_local(|| Kernel::fastest().run(&job, Output { totals: &mut totals, tally: tally.as_mut() }));
}

fn new_tally() -> Tally {
    Tally { histogram: Histogram::new(384), shift: 0 }
}

#[divan::bench]
fn exact(bencher: Bencher<'_, '_>) {
    bench(bencher, &Transfer::Exact, None);
}

#[divan::bench]
fn clip(bencher: Bencher<'_, '_>) {
    bench(bencher, &Transfer::Clip { max: 127 }, Some(new_tally()));
}

#[divan::bench]
fn lut(bencher: Bencher<'_, '_>) {
    bench(bencher, &Transfer::Lut((0..=384).map(|sum| sum / 6 * 768).collect()), Some(new_tally()));
}

#[divan::bench]
fn division(bencher: Bencher<'_, '_>) {
    let division = Division::new(7, 0, 771, (63, Rounding::Keep));
    bench(bencher, &Transfer::Division(division), Some(new_tally()));
}
