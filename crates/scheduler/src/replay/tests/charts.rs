//! Charts worked out by hand.

use expect_test::expect;
use rebias_arch::testing::{isaac, isaac_with, toy_with};
use rebias_network::Shape;
use rebias_units::{Bytes, Cycles};

use super::charted;
use super::nets::{chain, conv};
use crate::replay::{PartKind, Stall, UnitReplay};

/// Whether a chart stands in the documentation as it is drawn.
fn in_documentation(chart: &str) -> bool {
    include_str!("../../../../../docs/pipeline.md").contains(chart)
}

#[test]
fn a_sixteen_bit_position_takes_twenty_two_cycles_on_isaac() {
    // Position 0: eDRAM and bus in 1, sixteen reads in 2 … 17, the last conversion in 18, the last addition in 19,
    // bus and output register of the tile in 20, activation in 21, write in 22. Position 1 is read as soon as the
    // arrays are free, in 18; its inputs were there long before, for the input register has room for seven positions
    // of 288 bytes.
    let network = chain(Shape::new(16, 1, 2), 16, vec![conv(16, 16, 16, 3)]);
    let (result, chart) = charted(&network, &isaac(), 38);
    expect![[r#"
                                            1         2         3
        layer, place, stage        12345678901234567890123456789012345678
        0 tile 0       eDRAM read  0123456·········7···············8·····
        0 tile 0 IMA 0 bus in      0123456·········7···············8·····
        0 tile 0 IMA 0 read        ·0000000000000000111111111111111122222
        0 tile 0 IMA 0 ADC         ··000000000000000011111111111111112222
        0 tile 0 IMA 0 S+A         ···00000000000000001111111111111111222
        0 tile 0 IMA 0 bus out     ···················0···············1··
        0 tile 0       activation  ····················0···············1·
        0 tile 0       write       ·····················0···············1
    "#]]
    .assert_eq(&chart);
    assert!(in_documentation(&chart));
    assert_eq!(result.first_latency, Cycles(22 + 16));
    assert_eq!(result.interval, Cycles(2 * 16));
}

#[test]
fn eight_input_slices_take_fourteen_cycles_on_isaac() {
    // As above with eight reads, in 2 … 9.
    let network = chain(Shape::new(16, 1, 1), 8, vec![conv(16, 16, 16, 3)]);
    let (result, chart) = charted(&network, &isaac(), 14);
    expect![[r#"
                                            1
        layer, place, stage        12345678901234
        0 tile 0       eDRAM read  01234567890123
        0 tile 0 IMA 0 bus in      01234567890123
        0 tile 0 IMA 0 read        ·0000000011111
        0 tile 0 IMA 0 ADC         ··000000001111
        0 tile 0 IMA 0 S+A         ···00000000111
        0 tile 0 IMA 0 bus out     ···········0··
        0 tile 0       activation  ············0·
        0 tile 0       write       ·············0
    "#]]
    .assert_eq(&chart);
    assert!(in_documentation(&chart));
    assert_eq!(result.first_latency, Cycles(14));
    assert_eq!(result.interval, Cycles(8));
}

#[test]
fn half_the_conversions_take_thirty_eight_cycles_on_isaac() {
    // Eight arrays of 128 columns, 8 × 64 conversions a cycle: the columns of one read of all arrays take two cycles.
    // The last four arrays are read in 2, 4, … 32, and converted in 4, 6, … 34; the first four are read again as soon
    // as they are converted, in 3, and then wait for the others. So the last addition is in 35, then bus 36,
    // activation 37, write 38.
    let network = chain(Shape::new(64, 1, 1), 16, vec![conv(128, 16, 16, 1)]);
    let halved = isaac_with(|chip, _| chip.tile.ima.adc.conversions_per_cycle = 64);
    let (result, chart) = charted(&network, &halved, 38);
    expect![[r#"
                                            1         2         3
        layer, place, stage        12345678901234567890123456789012345678
        0 tile 0       eDRAM read  0123456789012345···············6······
        0 tile 0 IMA 0 bus in      0123456789012345···············6······
        0 tile 0 IMA 0 read        ·0000000000000000000000000000000111111
        0 tile 0 IMA 0 ADC         ··000000000000000000000000000000001111
        0 tile 0 IMA 0 S+A         ···00000000000000000000000000000000111
        0 tile 0 IMA 0 bus out     ···································0··
        0 tile 0       activation  ····································0·
        0 tile 0       write       ·····································0
    "#]]
    .assert_eq(&chart);
    assert!(in_documentation(&chart));
    assert_eq!(result.first_latency, Cycles(38));
    assert_eq!(result.interval, Cycles(32));
}

#[test]
fn two_imas_on_a_narrow_bus_are_served_in_order_of_arrival() {
    // Ten ticks a cycle; each IMA reads 64 bytes: 2 ticks of its bank and 16 of the bus. IMA 0 has the bus from tick
    // 2 to 18, IMA 1 from 18 to 34: their reads begin with cycles 3 and 5. Their registers hold one position, so each
    // loads again when its last slice is driven, in 6 and in 8. The sums of IMA 0, 33 values of 16 bits with that of
    // its inputs, come at tick 80, wait for the inputs of IMA 1 until 88, and leave in 17 ticks until 105; those of
    // IMA 1 came at 100 and leave until 122, ahead of the inputs of IMA 0 that came at 102. 33 additions take until
    // tick 155, in cycle 16; two units activate 32 values in 16 ticks, cycles 17 and 18.
    let network = chain(Shape::new(256, 1, 1), 4, vec![conv(32, 2, 4, 1)]);
    let narrow = toy_with(|chip, _| {
        chip.tile.bus.wires = 32;
        chip.tile.ima.input_register.capacity = Bytes(64);
    });
    let (result, chart) = charted(&network, &narrow, 19);
    expect![[r#"
                                            1
        layer, place, stage        1234567890123456789
        0 tile 0       eDRAM read  0····1·1··2·2····3·
        0 tile 0 IMA 0 bus in      00···11·····22····3
        0 tile 0 IMA 1 bus in      ·000···11····222···
        0 tile 0 IMA 0 read        ··0000·1111···2222·
        0 tile 0 IMA 1 read        ····0000·1111···222
        0 tile 0 IMA 0 ADC         ···0000·1111···2222
        0 tile 0 IMA 1 ADC         ·····0000·1111···22
        0 tile 0 IMA 0 S+A         ····0000·1111···222
        0 tile 0 IMA 1 S+A         ······0000·1111···2
        0 tile 0 IMA 0 bus out     ········000····111·
        0 tile 0 IMA 1 bus out     ··········000····11
        0 tile 0       merge       ············0000··1
        0 tile 0       activation  ················00·
        0 tile 0       write       ··················0
    "#]]
    .assert_eq(&chart);
    assert_eq!(result.first_latency, Cycles(19));
}

#[test]
fn a_full_buffer_stalls_its_producer() {
    // The first layer could make a pixel every 2 cycles, the second takes 8. The buffer between them has room for one
    // pixel of 8 bytes, every register for one position. Pixel 0 is written in 8 and read in 9, so pixel 1 may be
    // written in 11. It is read when the second layer's register has room, in 17; pixel 2, finished in 13, waits for
    // that until 18 and keeps the output register, so the sums of position 3 cannot leave before 19, and reads stop
    // in turn after position 5. From then on the producer goes at its consumer's pace.
    let network = chain(Shape::new(4, 1, 4), 2, vec![conv(8, 2, 8, 1), conv(8, 2, 2, 1)]);
    let tight = toy_with(|chip, _| {
        chip.tile.edram.capacity = Bytes(1 + 8);
        chip.tile.output_register.capacity = Bytes(16 + 16);
        chip.tile.ima.input_register.capacity = Bytes(8);
        chip.tile.ima.output_register.capacity = Bytes(16);
    });
    let (result, chart) = charted(&network, &tight, 40);
    expect![[r#"
                                            1         2         3         4
        layer, place, stage        1234567890123456789012345678901234567890
        0 tile 0       eDRAM read  0·1·2·3·4·5·6·7·8·9·0·1·2·3·4·5·····6···
        0 tile 0 IMA 0 bus in      0·1·2·3·4·5·6·7·8·9·0·1·2·3·4·5·····6···
        0 tile 0 IMA 0 read        ·0011223344·55·····66······77······88···
        0 tile 0 IMA 0 ADC         ··0011223344·55·····66······77······88··
        0 tile 0 IMA 0 S+A         ···0011223344·55·····66······77······88·
        0 tile 0 IMA 0 bus out     ·····0··1··2······3·······4·······5·····
        0 tile 0       activation  ······0··1··2······3·······4·······5····
        0 tile 0       write       ·······0··1······2·······3·······4······
        1 tile 0       eDRAM read  ········0·······1·······2·······3·······
        1 tile 0 IMA 1 bus in      ········0·······1·······2·······3·······
        1 tile 0 IMA 1 read        ·········0000000011111111222222223333333
        1 tile 0 IMA 1 ADC         ··········000000001111111122222222333333
        1 tile 0 IMA 1 S+A         ···········00000000111111112222222233333
        1 tile 0 IMA 1 bus out     ···················0·······1·······2····
        1 tile 0       activation  ····················0·······1·······2···
        1 tile 0       write       ·····················0·······1·······2··
    "#]]
    .assert_eq(&chart);
    assert_eq!(result.interval, Cycles(4 * 8));
    let waits = |unit: &UnitReplay| unit.stalled.iter().any(|&(stall, _)| stall == Stall::Room);
    assert!(result.units.iter().any(|unit| unit.kind == PartKind::Outputs && waits(unit)));
}

#[test]
fn columns_wait_for_shared_adcs() {
    // Two arrays of 32 columns and one ADC of 32 conversions a cycle: the arrays are read in turn, so four slices
    // take eight conversions, in 3 … 10, not four. The sums are complete in 11 and leave in 12; 32 activations at two
    // a tick of ten take 13 and 14.
    let network = chain(Shape::new(64, 1, 1), 4, vec![conv(32, 2, 4, 1)]);
    let one = toy_with(|chip, _| chip.tile.ima.n_adcs = 1);
    let (result, chart) = charted(&network, &one, 18);
    expect![[r#"
                                            1
        layer, place, stage        123456789012345678
        0 tile 0       eDRAM read  012345678901234567
        0 tile 0 IMA 0 bus in      012345678901234567
        0 tile 0 IMA 0 read        ·00000001111111122
        0 tile 0 IMA 0 ADC         ··0000000011111111
        0 tile 0 IMA 0 S+A         ···000000001111111
        0 tile 0 IMA 0 bus out     ···········0······
        0 tile 0       activation  ············00····
        0 tile 0       write       ··············0···
    "#]]
    .assert_eq(&chart);
    assert_eq!(result.interval, Cycles(8));
}
