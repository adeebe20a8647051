//! Reads and conversions by hand, and the timed form against the stepwise one.

use proptest::prelude::*;
use rebias_buffer::RegisterSpec;
use rebias_converter::{AdcErrors, AdcRange, AdcSpec, DacSpec};
use rebias_crossbar::{CellSpec, CrossbarSpec, NonIdealities, OnOff, ReadEnergy, Solve, WiringSpec};
use rebias_units::{Action, Bytes, Conductance, Voltage};

use super::*;

/// Crossbars of 32 × 32, four ADCs of 32 conversions a cycle.
fn spec() -> ImaSpec {
    ImaSpec {
        n_crossbars: 4,
        crossbar: CrossbarSpec {
            word_lines: 32,
            bit_lines: 32,
            active_word_lines: 32,
            cell: CellSpec {
                bits: 2,
                device_bits: 2,
                on_off: OnOff::Infinite,
                on_conductance: Conductance::from_microsiemens(50.0),
                read_voltage: Voltage::from_volts(0.2),
                read_energy: ReadEnergy::Constant,
                headroom: 0.0,
                non_idealities: NonIdealities::NONE,
            },
            wiring: WiringSpec::IDEAL,
            solve: Solve::Matrix,
        },
        dac: DacSpec::ideal(1),
        n_adcs: 4,
        adc: AdcSpec { bits: 8, conversions_per_cycle: 32, range: AdcRange::LosslessStep, errors: AdcErrors::NONE },
        n_shift_adds: 4,
        shift_adds_per_cycle: 128,
        partial_sum_bits: 16,
        input_register: RegisterSpec { capacity: Bytes(256) },
        output_register: RegisterSpec { capacity: Bytes(256) },
    }
}

fn array(rows: u32, data_columns: u32) -> ArrayShape {
    ArrayShape { rows, data_columns, input_sum: InputSum::Counted }
}

/// Cycles of reads, of conversions and of the complete sums of products that are offered in every cycle.
#[derive(Debug, Default, PartialEq, Eq)]
struct Log {
    reads: Vec<u64>,
    conversions: Vec<u64>,
    last_reads: Vec<u64>,
    summed: Vec<u64>,
    counts: Vec<Counts>,
}

fn run(unit: &mut ImaUnit, n_products: usize) -> Log {
    let mut log = Log::default();
    let mut events = Vec::new();
    let mut offered = 0;
    for cycle in 0..10_000 {
        if offered < n_products
            && let Ok(accepted) = unit.accept(0, cycle)
        {
            offered += 1;
            if let Accepted::Timed(timing) = accepted {
                log.reads.extend(cycle..=timing.last_read);
                log.last_reads.push(timing.last_read);
                log.summed.push(timing.summed);
                log.counts.push(*unit.counts(0));
            }
        }
        unit.step(cycle, &mut events);
        for event in events.drain(..) {
            match event {
                ImaEvent::Read { .. } => log.reads.push(cycle),
                ImaEvent::Converted { .. } => log.conversions.push(cycle),
                ImaEvent::LastRead { .. } => log.last_reads.push(cycle),
                ImaEvent::Summed { counts, .. } => {
                    log.summed.push(cycle + 1);
                    log.counts.push(counts);
                }
            }
        }
        if offered == n_products && unit.is_idle() {
            return log;
        }
    }
    panic!("the products take more than 10 000 cycles");
}

#[test]
fn with_ample_converters_sums_are_complete_two_cycles_after_the_last_read() {
    let mut unit = ImaUnit::new(&spec(), &[MvmShape { n_slices: 4, arrays: vec![array(32, 32); 4] }]);
    assert_eq!(unit.accept(0, 10), Ok(Accepted::Timed(MvmTiming { last_read: 13, summed: 15 })));
    let before = unit.clone();
    assert_eq!(unit.accept(0, 13), Err(Busy(0)), "one cycle early");
    assert_eq!(unit, before);
    assert_eq!(unit.accept(0, 14), Ok(Accepted::Timed(MvmTiming { last_read: 17, summed: 19 })));
    // Before cycle 16: six reads, and the conversions of the first five.
    assert_eq!((unit.read_cycles_before(0, 16), unit.conversions_before(16)), (6, 5 * 128));
}

#[test]
fn half_the_conversions_halve_the_reads() {
    // Read in 0, 2 and 4; each read's 32 columns are converted 16 a cycle in the two cycles after it.
    let mut half = spec();
    half.n_adcs = 1;
    half.adc.conversions_per_cycle = 16;
    let mut unit = ImaUnit::new(&half, &[MvmShape { n_slices: 3, arrays: vec![array(32, 32)] }]);
    let log = run(&mut unit, 1);
    assert_eq!(log.reads, [0, 2, 4]);
    assert_eq!(log.conversions, [1, 2, 3, 4, 5, 6]);
    assert_eq!((log.last_reads, log.summed), (vec![4], vec![7]));
}

#[test]
fn columns_of_two_arrays_wait_for_one_adc_in_order_of_their_reads() {
    // Both arrays are read in 0. The ADC converts the first one's 32 columns in 1, so it is read again in 1; the second
    // one's in 2, so it is read again in 2; and so on in turn: 4 conversions of 32 in cycles 1 … 4.
    let mut one = spec();
    one.n_adcs = 1;
    let mut unit = ImaUnit::new(&one, &[MvmShape { n_slices: 2, arrays: vec![array(32, 32); 2] }]);
    let log = run(&mut unit, 1);
    assert_eq!(log.reads, [0, 0, 1, 2]);
    assert_eq!(log.conversions, [1, 2, 3, 4]);
    assert_eq!(log.summed, [5]);
}

#[test]
fn a_product_with_reads_left_refuses_the_next_and_keeps_its_own() {
    // As above: the last read is in 2.
    let mut one = spec();
    one.n_adcs = 1;
    let mut unit = ImaUnit::new(&one, &[MvmShape { n_slices: 2, arrays: vec![array(32, 32); 2] }]);
    let mut events = Vec::new();
    assert_eq!(unit.accept(0, 0), Ok(Accepted::Stepwise));
    unit.step(0, &mut events);
    unit.step(1, &mut events);
    let before = unit.clone();
    assert_eq!(unit.accept(0, 2), Err(Busy(0)), "one cycle early");
    assert_eq!(unit, before);
    unit.step(2, &mut events);
    assert_eq!(unit.accept(0, 3), Ok(Accepted::Stepwise));
}

#[test]
fn slow_adders_hold_up_the_converters() {
    let mut slow = spec();
    slow.shift_adds_per_cycle = 64;
    let mut unit = ImaUnit::new(&slow, &[MvmShape { n_slices: 1, arrays: vec![array(32, 32); 4] }]);
    assert_eq!(run(&mut unit, 1).summed, [3], "128 columns at 64 a cycle: cycles 1 and 2, added up in 3");
}

#[test]
fn a_shared_bias_column_takes_a_conversion_and_an_own_converter_does_not() {
    let shape = |converter| MvmShape {
        n_slices: 2,
        arrays: vec![ArrayShape { input_sum: InputSum::Columns { n: 1, converter }, ..array(32, 32) }],
    };
    let mut one = spec();
    one.n_adcs = 1;
    let mut own = ImaUnit::new(&one, &[shape(BiasConverter::Own)]);
    assert_eq!(run(&mut own, 1).summed, [3]);
    assert_eq!(own.counts(0)[Action::BiasConversion], 2);
    // 33 columns at 32 a cycle: cycles 1 and 2; the second read waits until 2, its columns for cycles 3 and 4.
    let mut shared = ImaUnit::new(&one, &[shape(BiasConverter::Shared)]);
    let log = run(&mut shared, 1);
    assert_eq!((log.reads, log.summed), (vec![0, 2], vec![5]));
    assert_eq!(log.counts[0][Action::AdcConversion], 66);
}

#[test]
fn groups_of_word_lines_are_read_one_after_the_other() {
    let mut groups = spec();
    groups.crossbar.active_word_lines = 8;
    let unit = ImaUnit::new(&groups, &[MvmShape { n_slices: 2, arrays: vec![array(20, 4)] }]);
    assert_eq!(unit.counts(0)[Action::CrossbarRead], 6, "2 slices × groups of 8, 8 and 4");
    assert_eq!(unit.counts(0)[Action::DacDrive], 40);
    assert_eq!(unit.counts(0)[Action::SampleHold], 24);
}

proptest! {
    #[test]
    fn prop_stepping_through_ample_converters_gives_the_timed_result(
        n_slices in 1u32..6,
        arrays in prop::collection::vec((1u32..33, 1u32..9), 1..5),
        n_products in 1usize..4,
    ) {
        let arrays: Vec<_> = arrays.into_iter().map(|(rows, columns)| array(rows, columns)).collect();
        let mut grouped = spec();
        grouped.crossbar.active_word_lines = 10;
        let shape = MvmShape { n_slices, arrays };
        let mut timed = ImaUnit::new(&grouped, std::slice::from_ref(&shape));
        let mut stepped = timed.clone();
        stepped.converters = Converters::Scarce(Box::new(Scarce::new(&grouped, std::slice::from_ref(&shape))));
        let (timed, stepped) = (run(&mut timed, n_products), run(&mut stepped, n_products));
        prop_assert_eq!(timed.last_reads, stepped.last_reads);
        prop_assert_eq!(timed.counts, stepped.counts);
        // Sums of an array with fewer reads may be complete earlier, those of the product only with the last one.
        prop_assert_eq!(timed.summed, stepped.summed);
    }

    #[test]
    fn prop_twice_the_conversions_are_never_slower(
        rate in 1u32..40,
        arrays in prop::collection::vec((1u32..33, 1u32..33), 1..5),
        n_products in 1usize..4,
    ) {
        let arrays: Vec<_> = arrays.into_iter().map(|(rows, columns)| array(rows, columns)).collect();
        let shape = MvmShape { n_slices: 3, arrays };
        let finish = |rate| {
            let mut slow = spec();
            slow.n_adcs = 1;
            slow.adc.conversions_per_cycle = rate;
            run(&mut ImaUnit::new(&slow, std::slice::from_ref(&shape)), n_products).summed
        };
        for (more, fewer) in finish(2 * rate).into_iter().zip(finish(rate)) {
            prop_assert!(more <= fewer);
        }
    }

    #[test]
    fn prop_scarce_converters_do_the_same_work(
        rate in 1u32..20,
        arrays in prop::collection::vec((1u32..33, 1u32..33), 1..5),
    ) {
        let arrays: Vec<_> = arrays.into_iter().map(|(rows, columns)| array(rows, columns)).collect();
        let mut slow = spec();
        (slow.n_adcs, slow.adc.conversions_per_cycle) = (1, rate);
        let mut unit = ImaUnit::new(&slow, &[MvmShape { n_slices: 3, arrays }]);
        let expected = *unit.counts(0);
        prop_assert_eq!(run(&mut unit, 2).counts, vec![expected; 2]);
        prop_assert_eq!(unit.conversions_before(100_000), 2 * expected[Action::AdcConversion]);
    }
}
