//! Every kernel is held to the scalar one, and that one to sums worked by hand.

use proptest::prelude::*;

use crate::{
    Array, Division, GROUP, Histogram, Inputs, Job, Kernel, Output, Rounding, Slice, SliceSign, Tally, Transfer,
};

#[derive(Clone, Debug)]
struct Case {
    cells: Vec<u32>,
    n_columns: usize,
    word_lines_per_read: usize,
    n_positions: usize,
    slices: Vec<Slice>,
    transfer: Choice,
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Exact,
    Clip,
    Lut,
    Division(Rounding),
}

fn transfer(choice: Choice, max: u32) -> Transfer {
    match choice {
        Choice::Exact => Transfer::Exact,
        Choice::Clip => Transfer::Clip { max: max / 2 },
        Choice::Lut => Transfer::Lut((0..=max).map(|sum| (sum as i32 % 97) * 128 - 50).collect()),
        Choice::Division(rounding) => Transfer::Division(Division::new(7, -300, 193, (max / 3 + 1, rounding))),
    }
}

fn slices() -> impl Strategy<Value = Vec<Slice>> {
    let sign = prop_oneof![Just(SliceSign::Plus), Just(SliceSign::Minus)];
    prop::collection::vec((1usize..=8, 0u32..=15, sign), 1..=3).prop_map(|slices| {
        let mut first = 0;
        let slice = |(width, shift, sign)| {
            let planes = first..first + width;
            first += width;
            Slice { planes, shift, sign }
        };
        slices.into_iter().map(slice).collect()
    })
}

fn case() -> impl Strategy<Value = Case> {
    let choice = prop_oneof![
        Just(Choice::Exact),
        Just(Choice::Clip),
        Just(Choice::Lut),
        Just(Choice::Division(Rounding::Keep)),
        Just(Choice::Division(Rounding::ToNearest)),
    ];
    let size = (1usize..=40, 1usize..=70, 1usize..=40, 1usize..=3);
    (size, prop::sample::select(vec![1u32, 3, 15, 31, 63, 255, 600, 20_000]), slices(), choice, any::<u64>())
        .prop_flat_map(
            |((word_lines, n_columns, word_lines_per_read, n_positions), max_cell, slices, transfer, seed)| {
                prop::collection::vec(0..=max_cell, word_lines * n_columns).prop_map(move |cells| Case {
                    cells,
                    n_columns,
                    word_lines_per_read,
                    n_positions,
                    slices: slices.clone(),
                    transfer,
                    seed,
                })
            },
        )
}

/// Numbers that look random.
fn noise(seed: u64, length: usize) -> impl Iterator<Item = u64> {
    (0..length as u64).map(move |index| {
        let mixed = (index ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
    })
}

type Ran = (Vec<i64>, Tally, crate::Work);

fn run(kernel: Kernel, case: &Case) -> Ran {
    let widest = case.slices.iter().map(|slice| slice.planes.len()).max().unwrap_or(0);
    let max_input = (1 << widest) - 1;
    let array = Array::new(&case.cells, case.n_columns, case.word_lines_per_read, max_input);
    let n_planes = case.slices.last().map_or(0, |slice| slice.planes.end);
    let patterns: Vec<_> = noise(case.seed, case.n_positions * n_planes * array.n_groups()).map(|x| x as u8).collect();
    // The last group of a read may have fewer than 8 word lines; bits beyond them are never set.
    let patterns: Vec<_> =
        patterns.iter().enumerate().map(|(index, bits)| bits & mask(&array, index % array.n_groups())).collect();
    let n_offsets = case.n_positions * case.slices.len() * array.reads().len();
    let lifts: Vec<_> = noise(!case.seed, n_offsets).map(|x| (x % 5000) as i64).collect();
    let drops: Vec<_> = noise(case.seed ^ 7, n_offsets).map(|x| (x % 5000) as i64).collect();
    let max_sum = array.max_sum() * max_input;
    let job = Job {
        array: &array,
        slices: &case.slices,
        transfer: &transfer(case.transfer, max_sum),
        inputs: Inputs { patterns: &patterns, lifts: &lifts, drops: &drops, n_positions: case.n_positions, n_planes },
    };
    let mut totals = vec![-1; case.n_positions * array.padded_columns()];
    let mut tally = Tally { histogram: Histogram::new((u64::from(max_sum) << 7) + 5000), shift: 7 };
    let work = kernel.run(&job, Output { totals: &mut totals, tally: Some(&mut tally) });
    let used = totals.chunks_exact(array.padded_columns()).flat_map(|row| &row[..case.n_columns]).copied().collect();
    (used, tally, work)
}

fn mask(array: &Array, group: usize) -> u8 {
    let read = array.reads().iter().find(|read| read.groups.contains(&group)).expect("groups belong to reads");
    let word_lines = (read.word_lines - (group - read.groups.start) * GROUP).min(GROUP);
    ((1u32 << word_lines) - 1) as u8
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn prop_every_kernel_does_what_the_scalar_one_does(case in case()) {
        let expected = run(Kernel::Scalar, &case);
        for &kernel in Kernel::ALL {
            let ran = run(kernel, &case);
            prop_assert_eq!(&ran, &expected, "{}", kernel.name());
        }
    }
}

/// Two reads of two and one word lines, two columns, one slice of two bits worth 4.
fn worked(transfer: &Transfer, kernel: Kernel) -> (Vec<i64>, crate::Work) {
    let array = Array::new(&[1u8, 2, 3, 4, 5, 6], 2, 2, 3);
    // Levels 3, 1 and 2 as planes of low and high bits, [plane][group].
    let patterns = [0b11, 0b0, 0b01, 0b1];
    let job = Job {
        array: &array,
        slices: &[Slice { planes: 0..2, shift: 2, sign: SliceSign::Minus }],
        transfer,
        inputs: Inputs { patterns: &patterns, lifts: &[8, 4], drops: &[7, 3], n_positions: 1, n_planes: 2 },
    };
    let mut totals = vec![0; array.padded_columns()];
    let work = kernel.run(&job, Output { totals: &mut totals, tally: None });
    totals.truncate(2);
    (totals, work)
}

#[test]
fn sums_worked_by_hand() {
    for &kernel in Kernel::ALL {
        // Column 0: 3·1 + 1·3 = 6 and 2·5 = 10; column 1: 3·2 + 1·4 = 10 and 2·6 = 12.
        let (exact, work) = worked(&Transfer::Exact, kernel);
        assert_eq!(exact, [-4 * (6 + 10), -4 * (10 + 12)], "{}", kernel.name());
        assert_eq!((work.reads, work.word_lines, work.conversions), (2, 3, 4));

        let (clipped, _) = worked(&Transfer::Clip { max: 9 }, kernel);
        assert_eq!(clipped, [-4 * (6 + 9), -4 * (9 + 9)]);

        // 2·6 + 8 = 20 becomes 20 (code 2), less 7; 2·10 + 8 = 28 becomes 30 (code 3), less 7;
        // 2·10 + 4 = 24 becomes 20, 2·12 + 4 = 28 becomes 30, less 3 each.
        let division = Transfer::Division(Division::new(1, 0, 10, (3, Rounding::Keep)));
        let (divided, _) = worked(&division, kernel);
        assert_eq!(divided, [-4 * (13 + 17), -4 * (23 + 27)]);
    }
}
