//! One linear layer of four rows whose sums are worked out in the comments.

use ndarray::{Array2, array};
use rebias_arch::testing::toy_with;
use rebias_arch::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, FlipEncoding, MappingSpec};
use rebias_converter::AdcRange;
use rebias_crossbar::OnOff;
use rebias_network::{CodeFormat, Sign};
use rebias_tile::{BiasConverter, ImaSpec};

use super::{emulated_sums, linear};

/// Steps of 2.5 levels from 0 to 7.5.
fn coarse(change: impl FnOnce(&mut ImaSpec, &mut MappingSpec)) -> Arch {
    toy_with(|chip, mapping| {
        let ima = &mut chip.tile.ima;
        ima.adc.bits = 2;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 2.5 };
        change(ima, mapping);
    })
}

/// Y in levels for 2-bit weights and inputs of 1.
fn sum(arch: &Arch, codes: [u16; 4], beta: i32) -> f64 {
    let codes = Array2::from_shape_vec((1, 4), codes.to_vec()).expect("one output of four rows");
    let network = linear(CodeFormat::unsigned(1), 2, codes, beta);
    let sums = emulated_sums(&network, arch, &[1; 4]);
    sums[0].1[0] as f64 / 128.0
}

#[test]
fn a_coarse_adc_rounds_to_its_steps() {
    let arch = coarse(|_, _| {});
    // Thresholds at 1.25, 3.75 and 6.25.
    assert_eq!(sum(&arch, [1, 0, 0, 0], 0), 0.0);
    assert_eq!(sum(&arch, [3, 2, 1, 0], 0), 5.0, "6");
    assert_eq!(sum(&arch, [3, 3, 3, 3], 0), 7.5, "12 is clipped");
    assert_eq!(sum(&arch, [3, 2, 1, 0], -2), 5.0 - 2.0 * 4.0);
}

#[test]
fn the_floor_of_cells_is_taken_off_after_conversion() {
    // g₀ = 3/(4 − 1) = 1 level.
    let arch = coarse(|ima, _| ima.crossbar.cell.on_off = OnOff::Ratio(4.0));
    // 1 + 4 = 5 is decoded as 5; 6 + 4 = 10 clips to 7.5.
    assert_eq!(sum(&arch, [1, 0, 0, 0], 0), 5.0 - 4.0);
    assert_eq!(sum(&arch, [3, 2, 1, 0], 0), 7.5 - 4.0);
}

#[test]
fn a_flipped_column_is_restored() {
    let arch = coarse(|ima, mapping| {
        ima.crossbar.cell.on_off = OnOff::Ratio(4.0);
        mapping.flip_encoding = FlipEncoding::On;
    });
    // Levels 3, 3, 2, 1 stand as 0, 0, 1, 2: 3 + 4 = 7 is decoded as 7.5, and 3·4 − (7.5 − 4) = 8.5 restored.
    assert_eq!(sum(&arch, [3, 3, 2, 1], 0), 8.5);
    // Half is not more than half.
    assert_eq!(sum(&arch, [3, 2, 1, 0], 0), 7.5 - 4.0);
}

#[test]
fn a_bias_column_with_one_bit_sees_all_or_nothing() {
    let bias = |adc_bits| {
        toy_with(|chip, mapping| {
            chip.tile.ima.crossbar.active_word_lines = 4;
            let (place, converter) = (BiasColumnPlace::Extra, BiasConverter::Own);
            mapping.bias = BiasSource::Columns(BiasColumnsSpec {
                sharing: BiasSharing::Array,
                n: 1,
                level: 1,
                place,
                converter,
                adc_bits,
            });
        })
    };
    let network = linear(CodeFormat::unsigned(1), 2, array![[1, 1, 1, 1]], 10);
    let sum = |adc_bits, image: [u16; 4]| emulated_sums(&network, &bias(adc_bits), &image)[0].1[0] / 128;
    // Steps of 4 inputs: 2 of them are a half, which rounds up.
    assert_eq!(sum(1, [1, 1, 1, 0]), 3 + 10 * 4);
    assert_eq!(sum(1, [1, 1, 0, 0]), 2 + 10 * 4);
    assert_eq!(sum(1, [1, 0, 0, 0]), 1);
    assert_eq!(sum(3, [1, 1, 1, 0]), 3 + 10 * 3, "enough bits");
}

#[test]
fn an_estimate_of_the_inputs_stands_for_them_everywhere() {
    let arch = toy_with(|chip, mapping| {
        let ima = &mut chip.tile.ima;
        ima.crossbar.active_word_lines = 4;
        ima.crossbar.cell.on_off = OnOff::Ratio(4.0);
        mapping.flip_encoding = FlipEncoding::On;
        let (place, converter) = (BiasColumnPlace::Extra, BiasConverter::Own);
        mapping.bias = BiasSource::Columns(BiasColumnsSpec {
            sharing: BiasSharing::Array,
            n: 1,
            level: 1,
            place,
            converter,
            adc_bits: 1,
        });
    });
    let network = linear(CodeFormat::unsigned(1), 2, array![[3, 3, 2, 1], [1, 0, 0, 0]], 10);
    let sums = &emulated_sums(&network, &arch, &[1, 1, 1, 0])[0].1;
    // Three inputs are estimated as 4. Levels 0, 0, 1, 2 give 1 + 3·g₀ = 4, less 4·g₀ is 0, restored 3·4 − 0.
    assert_eq!(sums[0], (12 + 10 * 4) * 128);
    // 1 + 3 less 4.
    assert_eq!(sums[1], 10 * 4 * 128);
}

#[test]
fn each_read_of_some_word_lines_is_converted_by_itself() {
    let arch = coarse(|ima, _| ima.crossbar.active_word_lines = 2);
    // 3 + 2 = 5, then 1 + 0 = 1, which is decoded as 0.
    assert_eq!(sum(&arch, [3, 2, 1, 0], 0), 5.0);
    // 3 + 1 = 4 is decoded as 5, and so are the 4 of the second read.
    assert_eq!(sum(&arch, [3, 1, 1, 3], 0), 10.0);
}

#[test]
fn a_sign_bit_is_a_slice_of_its_own() {
    let arch = coarse(|ima, _| ima.dac.bits = 2);
    let signed = CodeFormat { bits: 3, sign: Sign::TwosComplement };
    let network = linear(signed, 2, array![[3, 2]], 1);
    // −3 = 01 − 4 and 2 = 10: levels 1 and 2 give 3 + 4 = 7, decoded as 7.5; the sign gives 3, decoded as 2.5.
    let sums = emulated_sums(&network, &arch, &[0b101, 0b010]);
    assert_eq!(sums[0].1[0] as f64 / 128.0, 7.5 - 4.0 * 2.5 + (-3.0 + 2.0));
}
