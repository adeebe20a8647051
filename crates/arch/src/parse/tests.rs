//! Designs right and wrong, as users write them.

mod bias;
mod cells;
mod faults;
mod interconnect;
mod laws;

use rebias_config::Document;
use rebias_converter::AdcRange;
use rebias_crossbar::{OnOff, ReadEnergy};
use rebias_tile::BiasConverter;
use rebias_units::{Bytes, Cycles};

use crate::testing::{isaac, toy};
use crate::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSource, FlipEncoding, Replication};

const TOY: &str = include_str!("../../../../arch-configs/toy/arch.toml");
const ISAAC: &str = include_str!("../../../../arch-configs/isaac-2016/arch.toml");

/// A shipped design with another laid over it.
fn over(base: &str, change: &str) -> Document {
    let base = Document::parse("arch.toml", base).expect("a shipped design is TOML");
    base.overlay(Document::parse("change.toml", change).expect("TOML"))
}

fn toy_over(change: &str) -> Arch {
    Arch::parse(&over(TOY, change)).expect("a legal change")
}

#[test]
fn isaac_is_what_its_table_says() {
    let arch = isaac();
    assert_eq!(arch.name(), "isaac-2016");
    let chip = arch.chip();
    assert_eq!((chip.n_tiles, arch.tile().n_imas, arch.ima().n_crossbars), (168, 12, 8));
    assert_eq!(chip.cycle_time.nanoseconds(), 100.0);
    assert_eq!(chip.ticks_per_cycle, Cycles(120));
    let crossbar = &arch.ima().crossbar;
    assert_eq!((crossbar.word_lines, crossbar.bit_lines, crossbar.active_word_lines), (128, 128, 128));
    assert_eq!((crossbar.cell.bits, crossbar.cell.device_bits, arch.ima().dac.bits), (2, 2, 1));
    assert_eq!(crossbar.cell.on_off, OnOff::Infinite);
    assert_eq!(crossbar.cell.read_energy, ReadEnergy::Constant);
    let adc = &arch.ima().adc;
    assert_eq!((adc.bits, arch.ima().n_adcs, adc.conversions_per_cycle), (8, 8, 128));
    assert_eq!(adc.range, AdcRange::LosslessStep);
    assert_eq!(arch.ima().partial_sum_bits, 16);
    assert_eq!(arch.ima().input_register.capacity, Bytes(2048));
    assert_eq!(arch.ima().output_register.capacity, Bytes(256));
    assert_eq!(arch.tile().edram.capacity, Bytes(65_536));
    assert_eq!((arch.tile().edram.banks, arch.tile().edram.port_bits, arch.tile().bus.wires), (2, 256, 384));
    assert_eq!((chip.noc.tiles_per_router, chip.noc.flit_bits), (4, 32));
    assert_eq!(arch.mapping().flip_encoding, FlipEncoding::On);
    assert_eq!(arch.mapping().replication, Replication::Balanced);
    let unit_column = BiasSource::Columns(BiasColumnsSpec::one(BiasColumnPlace::Extra, BiasConverter::Own, 8));
    assert_eq!(arch.mapping().bias, unit_column);
}

#[test]
fn isaacs_adders_keep_up_with_its_converters() {
    let ima = isaac().ima().clone();
    let bias_conversions = ima.n_crossbars;
    assert!(ima.shift_adds_per_cycle >= ima.n_adcs * ima.adc.conversions_per_cycle + bias_conversions);
}

#[test]
fn what_is_laid_over_a_design_changes_it() {
    let arch = toy_over("extends = \"../toy\"\nadc.bits = 4\ncell.on_off_ratio = 20");
    assert_eq!(arch.ima().adc.bits, 4);
    assert_eq!(arch.ima().crossbar.cell.on_off, OnOff::Ratio(20.0));
    assert_eq!(arch.tile(), &{
        let mut tile = toy().tile().clone();
        tile.ima.adc.bits = 4;
        tile.ima.crossbar.cell.on_off = OnOff::Ratio(20.0);
        tile
    });
}

#[test]
fn every_adc_range_can_be_had() {
    let range = |change: &str| toy_over(change).ima().adc.range;
    assert_eq!(range("adc.range = \"full-scale\""), AdcRange::FullScale);
    assert_eq!(range("adc.range = \"lossless-step\""), AdcRange::LosslessStep);
    assert_eq!(
        range("[adc]\nrange = \"calibrated\"\nlow_percentile = 0.5\nhigh_percentile = 99.5"),
        AdcRange::Calibrated { low_percentile: 0.5, high_percentile: 99.5 }
    );
    assert_eq!(
        range("[adc]\nrange = \"fixed\"\nlow_levels = -4\nstep_levels = 1.5"),
        AdcRange::Fixed { low: -4.0, step: 1.5 }
    );
}

#[test]
fn keys_of_a_choice_that_was_not_made_may_stay() {
    let arch =
        toy_over("[adc]\nlow_percentile = 1\nhigh_percentile = 99\n[mapping.bias]\nlevel = 1\nconverter = \"own\"");
    assert_eq!(arch.ima().adc.range, AdcRange::LosslessStep);
    assert_eq!(arch.mapping().bias, BiasSource::DigitalCount);
}
