//! Every kernel is held to the scalar one, and that one to sums worked by hand.

use proptest::prelude::*;

use crate::{
    Cells, Histogram, Job, Kernel, LANES, Lift, Lines, Output, Patterns, Position, Scratch, Slice, SliceSign, Source,
    Stack, Tally, Total, Transfer, Uniform, Work,
};

#[derive(Clone, Debug)]
struct Case {
    n_lines: usize,
    n_columns: usize,
    columns: (usize, usize),
    lines_per_read: usize,
    n_positions: usize,
    max_cell: u32,
    shift: u32,
    slices: Vec<Slice>,
    transfer: Choice,
    has_lifts: bool,
    /// Mean variance of a cell.
    variance: Option<f64>,
    /// Variance of a conversion.
    conversion_variance: f64,
    /// `None` if sums are not recorded.
    sparsity: Option<u32>,
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Exact,
    Clip(u32),
    Uniform(i64, u64, u32),
    Table(u16),
    Rounded,
}

fn transfer(choice: Choice) -> Transfer {
    match choice {
        Choice::Exact => Transfer::Exact,
        Choice::Clip(max) => Transfer::Clip { max },
        Choice::Uniform(low, step, max_code) => Transfer::Uniform(Uniform::new(low, step, max_code)),
        Choice::Table(max) => {
            Transfer::Table { first: -700, codes: (0..=6000u32).map(|at| (at * at / 700) as u16 % max).collect() }
        }
        Choice::Rounded => Transfer::Rounded { uniform: Uniform::new(-300, 193, 4000), bits: 7 },
    }
}

/// Slices of one plane, and of several.
fn slices() -> impl Strategy<Value = Vec<Slice>> {
    let sign = prop_oneof![3 => Just(SliceSign::Plus), 1 => Just(SliceSign::Minus)];
    let width = prop_oneof![3 => Just(1usize), 1 => 1usize..=8];
    prop_oneof![
        (1u32..=8).prop_map(|bits| (0..bits).map(|bit| (1, bit, SliceSign::Plus)).collect::<Vec<_>>()),
        prop::collection::vec((width, 0u32..=15, sign), 1..=3),
    ]
    .prop_map(|slices| {
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
        (0u32..400).prop_map(Choice::Clip),
        (-2000i64..4000, 1u64..3000, prop_oneof![1u32..=255, 1u32..=1000])
            .prop_map(|(low, step, max)| Choice::Uniform(low, step, max)),
        // A code a level, for sums of conductances far beyond a byte.
        Just(Choice::Uniform(0, 128, 255)),
        (2u16..1000).prop_map(Choice::Table),
        Just(Choice::Rounded),
    ];
    let cell = prop::sample::select(vec![1u32, 2, 3, 15, 31, 63, 127, 255, 403, 510, 3000, 65535, 1 << 20]);
    // Reads of several tiles of lines too, and of a part of one.
    let lines_per_read = prop_oneof![4 => 1usize..=140, 1 => Just(32), 1 => 200usize..=600];
    let n_lines = prop_oneof![4 => 1usize..=140, 1 => 400usize..=700];
    let size = (n_lines, 1usize..=70, lines_per_read, 1usize..=19);
    let of_cells = prop_oneof![Just(None), (0.1f64..3000.0).prop_map(Some)];
    let of_conversion = prop_oneof![2 => Just(0.0), 2 => 1.0f64..3e5, 1 => 1e6f64..1e12];
    let noise = (of_cells, of_conversion);
    let sparsity = prop_oneof![2 => (0u32..=3).prop_map(Some), 1 => Just(Some(6)), 1 => Just(None)];
    let extras = (prop::bool::weighted(0.3), noise, sparsity, any::<u64>());
    (size, (cell, prop::sample::select(vec![0u32, 7])), slices(), choice, extras).prop_map(
        |(size, (max_cell, shift), slices, transfer, extras)| {
            let (has_lifts, (variance, conversion_variance), sparsity, seed) = extras;
            let (n_lines, n_columns, lines_per_read, n_positions) = size;
            let columns = (seed as usize % n_columns, n_columns - (seed >> 8) as usize % 3 % n_columns);
            let columns = (columns.0.min(columns.1 - 1), columns.1);
            Case {
                n_lines,
                n_columns,
                columns,
                lines_per_read,
                n_positions,
                max_cell,
                shift,
                slices,
                transfer,
                has_lifts,
                variance,
                conversion_variance,
                sparsity,
                seed,
            }
        },
    )
}

/// Numbers that look random.
fn random(seed: u64, length: usize) -> impl Iterator<Item = u64> {
    (0..length as u64).map(move |index| {
        let mixed = (index ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
    })
}

type Ran = Option<(Vec<i64>, Option<Tally>, Work)>;

fn run<T: Total>(kernel: Kernel, case: &Case) -> Ran {
    let widest = case.slices.iter().map(|slice| slice.planes.len()).max().unwrap_or(0);
    let reads = (0..case.n_lines).step_by(case.lines_per_read).map(|line| case.lines_per_read.min(case.n_lines - line));
    let lines = Lines::new(kernel, reads);
    let values: Vec<_> =
        random(case.seed, case.n_lines * case.n_columns).map(|x| x as u32 % (case.max_cell + 1)).collect();
    let variances = case.variance.map(|mean| {
        let of_cells = random(case.seed ^ 5, values.len()).map(|x| mean * 2.0 * x as f64 / u32::MAX as f64);
        let mut variances: Vec<_> = of_cells.collect();
        // Columns that are alike have tables of their own.
        if case.seed.is_multiple_of(2) {
            variances.chunks_exact_mut(case.n_columns).for_each(|row| row.fill(row[0]));
        }
        variances
    });
    let negated: Vec<_> = random(case.seed, lines.reads().len() * case.n_columns).map(|x| x % 3 == 0).collect();
    let cells = Cells {
        values: &values,
        n_columns: case.n_columns,
        shift: case.shift,
        variances: variances.as_deref(),
        conversion_variance: case.conversion_variance,
        negated: (case.seed.is_multiple_of(3)).then_some(&negated),
        max_input: (1 << widest) - 1,
    };
    let stack = Stack::new(kernel, &lines, &cells).ok()?;
    let n_planes = case.slices.last().map_or(0, |slice| slice.planes.end);
    let words: Vec<_> = random(!case.seed, case.n_lines * case.n_positions * n_planes * 2).collect();
    let words: Vec<_> = words.as_chunks::<2>().0.iter().map(|[low, high]| low | high << 32).collect();
    let mut patterns = Patterns::new(kernel);
    let source = Source {
        words: &words,
        plane_stride: case.n_lines * case.n_positions,
        positions: &(0..case.n_positions).collect::<Vec<_>>(),
        lines: &(0..case.n_lines).map(|line| line * case.n_positions).collect::<Vec<_>>(),
    };
    patterns.fill(&lines, n_planes, &source);
    let position = |index: usize| Position {
        pixel: index as u32 / 2,
        image: (LANES * (index % 2)) as u64,
        n_lanes: if index.is_multiple_of(2) { LANES } else { 17 },
    };
    let positions: Vec<_> = (0..case.n_positions).map(position).collect();
    let n_lifts = case.n_positions * case.slices.len() * lines.reads().len();
    let lift = |at: usize| std::array::from_fn(|lane| ((at * 37 + lane * 101) % 3000) as i32 - 1500);
    let lifts: Vec<Lift> = (0..n_lifts).map(lift).collect();
    let transfer = transfer(case.transfer);
    let job = Job {
        stack: &stack,
        columns: case.columns,
        slices: &case.slices,
        patterns: &patterns,
        positions: &positions,
        transfer: &transfer,
        lifts: case.has_lifts.then_some(&lifts),
        drops: matches!(case.transfer, Choice::Rounded).then_some(&lifts),
        stream: case.seed,
    };
    let mut totals = vec![[T::ZERO; LANES]; case.n_positions * (case.columns.1 - case.columns.0)];
    let histogram = Histogram::new(1 << 20);
    let mut tally = case.sparsity.map(|sparsity| Tally { histogram, first: -5000, shift: case.shift + 24, sparsity });
    let output = Output { totals: &mut totals, tally: tally.as_mut() };
    let work = kernel.run(&job, output, &mut Scratch::default());
    let grid = stack.grid(case.columns.1 - case.columns.0, case.n_positions);
    let places =
        (0..case.columns.1 - case.columns.0).flat_map(|column| (0..case.n_positions).map(move |at| (column, at)));
    let used = places
        .flat_map(|(column, at)| &totals[grid.at(column, at)][..positions[at].n_lanes])
        .map(|total| total.wide())
        .collect();
    Some((used, tally, work))
}

/// Every kernel gives what the scalar one does.
fn compare(case: &Case) -> Result<(), TestCaseError> {
    let expected = run::<i64>(Kernel::SCALAR, case);
    let expected_narrow = run::<i32>(Kernel::SCALAR, case);
    let expected_words = run::<i16>(Kernel::SCALAR, case);
    for kernel in Kernel::available() {
        prop_assert!(run::<i64>(kernel, case) == expected, "{}", kernel.name());
        prop_assert!(run::<i32>(kernel, case) == expected_narrow, "{} in 32 bits", kernel.name());
        prop_assert!(run::<i16>(kernel, case) == expected_words, "{} in 16 bits", kernel.name());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prop_every_kernel_does_what_the_scalar_one_does(case in case()) {
        compare(&case)?;
    }

    #[test]
    fn prop_short_reads_are_those_of_the_scalar_kernel(
        case in case(),
        n_lines in 1usize..=64,
        lines_per_read in 1usize..=32,
        max_cell in prop::sample::select(vec![1u32, 3, 15, 16, 255, 403, 510, 511]),
        has_noise in prop::bool::weighted(0.3),
    ) {
        let (variance, conversion_variance) = if has_noise { (case.variance, case.conversion_variance) } else { (None, 0.0) };
        let n_positions = case.n_positions.min(4);
        compare(&Case { n_lines, lines_per_read, n_positions, max_cell, variance, conversion_variance, ..case })?;
    }

    #[test]
    fn prop_sums_that_nothing_is_lost_of_are_those_of_the_scalar_kernel(
        case in case(),
        bits in 2usize..=9,
        width in prop_oneof![Just(1usize), 2usize..=6],
    ) {
        let planes = (0..bits).step_by(width).map(|first| first..bits.min(first + width));
        let slices = planes.map(|planes| Slice { shift: planes.start as u32, planes, sign: SliceSign::Plus }).collect();
        let max_cell = case.max_cell.min(403);
        let (has_lifts, variance, conversion_variance, sparsity) = (false, None, 0.0, None);
        let transfer = Choice::Exact;
        compare(&Case { slices, max_cell, transfer, has_lifts, variance, conversion_variance, sparsity, ..case })?;
    }
}

/// Sums whose cells are bytes, which are words in no unit of their converter, and codes that are worth more than words.
#[test]
fn codes_of_bytes_beyond_words_are_those_of_the_scalar_kernel() {
    let slice = Slice { planes: 0..1, shift: 8, sign: SliceSign::Plus };
    let case = Case {
        n_lines: 97,
        n_columns: 1,
        columns: (0, 1),
        lines_per_read: 41,
        n_positions: 7,
        max_cell: 31,
        shift: 7,
        slices: vec![slice],
        transfer: Choice::Uniform(0, 128, 255),
        has_lifts: false,
        variance: None,
        conversion_variance: 0.0,
        sparsity: Some(0),
        seed: 7617356439789240804,
    };
    compare(&case).expect("equal results");
}

/// Two reads of two and one word lines, two columns, one slice of two bits worth 4.
fn worked(transfer: &Transfer, kernel: Kernel) -> ([i64; 2], Work) {
    let lines = Lines::new(kernel, [2, 1]);
    let cells = Cells {
        values: &[1, 2, 3, 4, 5, 6],
        n_columns: 2,
        shift: 1,
        variances: None,
        conversion_variance: 0.0,
        negated: None,
        max_input: 3,
    };
    let stack = Stack::new(kernel, &lines, &cells).expect("small cells");
    // Levels 3, 1 and 2 as planes of low and high bits, [plane][line].
    let words = [1, 1, 0, 1, 0, 1];
    let mut patterns = Patterns::new(kernel);
    patterns.fill(&lines, 2, &Source { words: &words, plane_stride: 3, positions: &[0], lines: &[0, 1, 2] });
    let job = Job {
        stack: &stack,
        columns: (0, 2),
        slices: &[Slice { planes: 0..2, shift: 2, sign: SliceSign::Minus }],
        patterns: &patterns,
        positions: &[Position { pixel: 0, image: 0, n_lanes: 1 }],
        transfer,
        lifts: matches!(transfer, Transfer::Uniform(_)).then_some(&[[8; LANES], [4; LANES]]),
        drops: None,
        stream: 0,
    };
    let mut totals = [[0i64; LANES]; 2];
    let output = Output { totals: &mut totals, tally: None };
    let work = kernel.run(&job, output, &mut Scratch::default());
    (totals.map(|totals| totals[0]), work)
}

#[test]
fn sums_worked_by_hand() {
    for kernel in Kernel::available() {
        // Column 0: 3·1 + 1·3 = 6 and 2·5 = 10; column 1: 3·2 + 1·4 = 10 and 2·6 = 12.
        let (exact, work) = worked(&Transfer::Exact, kernel);
        assert_eq!(exact, [-4 * (6 + 10), -4 * (10 + 12)], "{}", kernel.name());
        assert_eq!((work.reads, work.word_lines, work.conversions), (2, 3, 4));

        let (clipped, _) = worked(&Transfer::Clip { max: 9 }, kernel);
        assert_eq!(clipped, [-4 * (6 + 9), -4 * (9 + 9)]);

        // 2·6 + 8 = 20 has code 2, 2·10 + 8 = 28 code 3; 2·10 + 4 = 24 code 2, 2·12 + 4 = 28 code 3.
        let (codes, _) = worked(&Transfer::Uniform(Uniform::new(0, 10, 3)), kernel);
        assert_eq!(codes, [-4 * (2 + 2), -4 * (3 + 3)]);
    }
}

#[test]
fn totals_wrap_alike() {
    assert_eq!(i32::wrapped(1 << 33 | 5), 5);
}
