//! Counts, conservation, errors, and the effect of single parts.

use rebias_arch::testing::{isaac, toy, toy_with};
use rebias_arch::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSource, Replication};
use rebias_engine::RegionId;
use rebias_network::{Network, Shape};
use rebias_tile::BiasConverter;
use rebias_units::{Action, Bytes, Cycles};

use super::nets::{chain, conv, linear, pool};
use super::{ReplayError, replayed};
use crate::replay::plan::Plan;
use crate::replay::record::Unwatched;
use crate::replay::sim::Sim;
use crate::replay::{Images, PartKind, ReplayOptions, ReplayResult, Stall, Steadiness, replay, smallest_buffers};
use crate::replay::{Schedule, Traffic, Until, Window};

/// Two convolutions with a pool between them, and a linear layer: 5 × 5 row blocks at most, so several IMAs and tiles.
fn small() -> Network {
    let ops = vec![conv(16, 2, 4, 3), pool(2), conv(24, 2, 4, 3), pool(2), linear(10, 4)];
    chain(Shape::new(3, 8, 8), 8, ops)
}

fn count(result: &ReplayResult, layer: usize, action: Action) -> u64 {
    result.layers[layer].counts[action]
}

#[test]
fn array_side_counts_follow_from_the_shapes() {
    // Layer 0: 27 rows in one array, 16 columns, 8 slices, 64 positions.
    let result = replayed(&small(), &toy()).expect("it runs");
    assert_eq!(count(&result, 0, Action::CrossbarRead), 64 * 8);
    assert_eq!(count(&result, 0, Action::DacDrive), 64 * 8 * 27);
    assert_eq!(count(&result, 0, Action::BiasCount), 64 * 8 * 27);
    assert_eq!(count(&result, 0, Action::AdcConversion), 64 * 8 * 16);
    assert_eq!(count(&result, 0, Action::ShiftAdd), 64 * 8 * 16);
    assert_eq!(count(&result, 0, Action::SampleHold), 64 * 8 * 16);
    assert_eq!(count(&result, 0, Action::Activation), 64 * 16);
    assert_eq!(count(&result, 0, Action::BiasMultiply), 64 * 16);
    // Layer 1: 144 rows in five arrays, 24 columns, 4 slices, 16 positions.
    assert_eq!(count(&result, 1, Action::CrossbarRead), 16 * 4 * 5);
    assert_eq!(count(&result, 1, Action::AdcConversion), 16 * 4 * 5 * 24);
    // Layer 2: 96 rows in three arrays, 10 outputs of two columns, 4 slices, one position of logits.
    assert_eq!(count(&result, 2, Action::AdcConversion), 4 * 3 * 20);
    assert_eq!(count(&result, 2, Action::Activation), 0);
    assert_eq!(count(&result, 2, Action::BiasMultiply), 10);
}

#[test]
fn movement_follows_from_the_shapes() {
    let result = replayed(&small(), &toy_with(|chip, _| chip.tile.n_imas = 8)).expect("it runs");
    // Layer 0 reads 27 bytes a position, and the outside writes 192; 16 sums of 2 bytes and one of its inputs leave.
    assert_eq!(count(&result, 0, Action::InputRegisterWrite), 64 * 27);
    assert_eq!(count(&result, 0, Action::OutputRegisterWrite), 64 * 32);
    assert_eq!(count(&result, 0, Action::BusTransfer), 64 * (27 + 34));
    assert_eq!(count(&result, 0, Action::TileShiftAdd), 0, "one array needs no merging");
    // Each of its 64 × 16 codes enters one window; all but the first of four read the running maximum.
    assert_eq!(count(&result, 0, Action::MaxPool), 64 * 16);
    assert_eq!(count(&result, 0, Action::EdramRead), 64 * 27 + 48 * 8);
    assert_eq!(count(&result, 0, Action::EdramWrite), 192 + 64 * 8);
    // Layer 1 has its five row blocks in two IMAs of one tile: 24 sums and one of inputs are added to the others.
    assert_eq!(count(&result, 1, Action::TileShiftAdd), 16 * 25);
}

#[test]
fn pools_behind_the_last_weights_are_timed_and_counted() {
    let ops = || vec![conv(16, 2, 4, 3), conv(24, 2, 4, 3)];
    let bare = replayed(&chain(Shape::new(3, 8, 8), 8, ops()), &toy()).expect("it runs");
    let pooled = chain(Shape::new(3, 8, 8), 8, [ops(), vec![pool(2)]].concat());
    let pooled = replayed(&pooled, &toy()).expect("it runs");
    assert_eq!(pooled.layers.len(), 2, "a pool is no layer of its own");
    assert_eq!(count(&bare, 1, Action::MaxPool), 0);
    assert_eq!(count(&pooled, 1, Action::MaxPool), 64 * 24);
    // Each of the 64 positions writes its 12 bytes, and all but the first of each window read a maximum.
    assert_eq!(count(&pooled, 1, Action::EdramWrite), 64 * 12);
    assert_eq!(count(&pooled, 1, Action::EdramRead), count(&bare, 1, Action::EdramRead) + 48 * 12);
    assert_eq!(pooled.layers[1].sent, pooled.layers[1].received);
    // 24 comparisons at one a tick of ten take three cycles, before codes are written.
    assert_eq!(pooled.first_latency, bare.first_latency + Cycles(3));
    assert_eq!(pooled.interval, bare.interval);
}

#[test]
fn what_is_sent_is_received_and_what_is_read_is_written() {
    for arch in [toy(), isaac(), toy_with(|chip, _| chip.tile.n_imas = 1)] {
        let result = replayed(&small(), &arch).expect("it runs");
        for layer in &result.layers {
            assert_eq!(layer.sent, layer.received);
        }
        let total = result.counts();
        assert_eq!(total[Action::InputRegisterWrite], total[Action::InputRegisterRead]);
        assert_eq!(total[Action::OutputRegisterWrite], total[Action::OutputRegisterRead]);
    }
}

#[test]
fn layers_on_several_tiles_use_the_network() {
    let one_tile = replayed(&small(), &toy_with(|chip, _| chip.tile.n_imas = 8)).expect("it runs");
    assert_eq!(one_tile.counts()[Action::RouterByte], 0);
    let many = replayed(&small(), &toy_with(|chip, _| (chip.n_tiles, chip.tile.n_imas) = (8, 1))).expect("it runs");
    assert!(many.counts()[Action::RouterByte] > many.counts()[Action::LinkByte]);
    assert!(many.first_latency > one_tile.first_latency);
    assert_eq!(many.counts()[Action::AdcConversion], one_tile.counts()[Action::AdcConversion]);
}

#[test]
fn partial_sums_of_a_layer_on_two_tiles_take_the_networks_bandwidth() {
    // 256 rows in eight arrays: four in an IMA, on each of two tiles at routers of their own. A position has 32 partial
    // sums of 16 bits and that of its inputs, 66 bytes, which leave one tile for the other.
    let network = chain(Shape::new(256, 4, 4), 4, vec![conv(32, 2, 4, 1)]);
    let on_tiles_of = |n_imas, flit_bits| {
        let arch = toy_with(|chip, _| {
            (chip.n_tiles, chip.tile.n_imas) = (2, n_imas);
            (chip.noc.tiles_per_router, chip.noc.flit_bits) = (1, flit_bits);
        });
        replayed(&network, &arch).expect("it runs")
    };
    let reads = Cycles(16 * 4);
    let together = on_tiles_of(2, 8);
    assert_eq!((together.counts()[Action::LinkByte], together.interval), (0, reads));
    let wide = on_tiles_of(1, 32);
    assert_eq!((wide.counts()[Action::LinkByte], wide.interval), (16 * 66, reads));
    assert_eq!(wide.counts()[Action::RouterByte], 2 * 16 * 66);
    // At a byte a tick they take 66 of them, more than the four reads of ten ticks: the links set the pace.
    let narrow = on_tiles_of(1, 8);
    assert_eq!((narrow.counts()[Action::LinkByte], narrow.interval), (16 * 66, Cycles((16u64 * 66).div_ceil(10))));
    let critical = narrow.units.iter().find(|unit| unit.path == narrow.critical.path).expect("a unit");
    assert_eq!(critical.kind, PartKind::Links);
    assert!(narrow.critical.busy > 0.99, "{:?}", narrow.critical);
}

#[test]
fn replicas_share_the_positions() {
    let network = chain(Shape::new(4, 4, 4), 4, vec![conv(8, 2, 4, 1), pool(2), conv(8, 2, 4, 1)]);
    let single = replayed(&network, &toy()).expect("it runs");
    let doubled = toy_with(|_, mapping| mapping.replication = Replication::Balanced);
    let several = replayed(&network, &doubled).expect("it runs");
    assert_eq!(single.interval, Cycles(16 * 4));
    assert!(several.interval < single.interval);
    assert_eq!(several.counts()[Action::CrossbarRead], single.counts()[Action::CrossbarRead]);
}

#[test]
fn a_bias_column_is_converted_by_its_own_converter_or_by_the_shared_ones() {
    let network = chain(Shape::new(32, 2, 2), 4, vec![conv(32, 2, 4, 1)]);
    let with = |converter| {
        let bias = BiasSource::Columns(BiasColumnsSpec::one(BiasColumnPlace::Extra, converter, 6));
        let arch = toy_with(|chip, mapping| {
            chip.tile.ima.n_adcs = 1;
            mapping.bias = bias;
        });
        replayed(&network, &arch).expect("it runs")
    };
    let (own, shared) = (with(BiasConverter::Own), with(BiasConverter::Shared));
    assert_eq!((count(&own, 0, Action::AdcConversion), count(&own, 0, Action::BiasConversion)), (4 * 4 * 32, 4 * 4));
    assert_eq!((count(&shared, 0, Action::AdcConversion), count(&shared, 0, Action::BiasConversion)), (4 * 4 * 33, 0));
    // 33 columns at 32 conversions a cycle take two cycles.
    assert_eq!((own.interval, shared.interval), (Cycles(4 * 4), Cycles(4 * 4 * 2)));
}

#[test]
fn the_busiest_part_is_named() {
    let result = replayed(&small(), &toy()).expect("it runs");
    assert_eq!(result.steadiness, Steadiness::Steady { images: 3 });
    assert_eq!(result.critical.path, "Chip[0].Tile[0].Ima[0].Crossbars");
    assert!(result.critical.busy > 0.99 && result.critical.busy <= 1.0);
    assert_eq!(result.interval, Cycles(64 * 8), "the first layer reads for 64 positions of 8 slices");
    let slow = toy_with(|chip, _| chip.tile.bus.wires = 1);
    let result = replayed(&small(), &slow).expect("it runs");
    assert!(result.critical.path.ends_with(".Bus"), "{}", result.critical.path);
    let crossbars = result.parts.iter().find(|part| part.kind == PartKind::Crossbars).expect("there are some");
    assert!(crossbars.busiest.busy < 1.0);
}

#[test]
fn a_buffer_that_holds_the_windows_runs_and_one_byte_less_is_refused() {
    // 3 × 3 on a map of 6 columns and 4 channels of 8 bits: two rows and three pixels of 4 bytes.
    let network = chain(Shape::new(4, 6, 6), 8, vec![conv(8, 2, 4, 3)]);
    let window = (2 * 6 + 3) * 4;
    let with = |bytes| replayed(&network, &toy_with(|chip, _| chip.tile.edram.capacity = Bytes(bytes)));
    assert!(with(window).is_ok());
    let error = with(window - 1).expect_err("one byte is missing");
    assert_eq!(
        error.to_string(),
        "the eDRAM of Chip[0].Tile[0] has 59 bytes, but the windows of its layers need 60: `layer0` 60"
    );
}

#[test]
fn an_input_register_that_holds_a_position_runs_and_one_byte_less_is_refused() {
    let network = chain(Shape::new(4, 6, 6), 8, vec![conv(8, 2, 4, 3)]);
    let with = |bytes| replayed(&network, &toy_with(|chip, _| chip.tile.ima.input_register.capacity = Bytes(bytes)));
    assert!(with(36).is_ok());
    let error = with(35).expect_err("one byte is missing");
    assert!(matches!(error, ReplayError::InputRegisterTooSmall { needed: Bytes(36), .. }), "{error}");
}

#[test]
fn a_deadlock_names_who_waits_for_whom() {
    // No plan deadlocks by itself, so one is spoilt: the second layer is given room for less than its window.
    let network = chain(Shape::new(4, 4, 4), 4, vec![conv(8, 2, 4, 1), conv(8, 2, 4, 3)]);
    // The two windows are 2 and 44 bytes.
    let tight = toy_with(|chip, _| chip.tile.edram.capacity = Bytes(40));
    let placement = rebias_mapper::map(&network, &tight).expect("it fits");
    let mut plan = Plan::new(&network, &tight, &placement, Schedule::InterLayer);
    let second = plan.buffers.iter_mut().find(|buffer| buffer.region == RegionId(1)).expect("a buffer for each layer");
    second.reserved = Bytes(0);
    plan.tiles[0].needed = Bytes(2);
    let traffic = Traffic { until: Until::Steady(3), window: Window::Fixed(3) };
    let error = Sim::new(&plan, &tight, traffic, Unwatched).expect("what is reserved fits").run();
    let error = error.map(|_| ()).expect_err("the window never gets complete");
    // 40 bytes are a window of 2 and 9 pixels of 4, but position 4, the first of row 1, needs pixels 0 … 9.
    assert_eq!(
        error.to_string(),
        "the chip is deadlocked at cycle 171: position 4 of `layer1` waits for its sums from Chip[0].Tile[0].Ima[1]; \
         `layer1` in Chip[0].Tile[0].Ima[1] waits for pixel 9 of `layer0`; position 9 of `layer0` waits for room in the \
         buffer of `layer1` on Chip[0].Tile[0], where `layer1` keeps 36 of 40 bytes; and so in a circle from the wait \
         number 2 on"
    );
}

#[test]
fn every_part_is_busy_stalled_or_idle_all_the_time() {
    let scarce = toy_with(|chip, _| (chip.tile.ima.n_adcs, chip.tile.bus.wires) = (1, 8));
    for arch in [toy(), isaac(), scarce, toy_with(|chip, _| chip.tile.n_imas = 1)] {
        let result = replayed(&small(), &arch).expect("it runs");
        for unit in &result.units {
            let stalled: Cycles = unit.stalled.iter().map(|&(_, ticks)| ticks).sum();
            assert_eq!(unit.busy + stalled + unit.idle, result.measured, "{unit:?}");
        }
    }
}

#[test]
fn arrays_say_what_they_wait_for() {
    let waits_of = |arch: &Arch, layer: usize| {
        let result = replayed(&small(), arch).expect("it runs");
        let most = result.layers[layer].stalled.iter().max_by_key(|(_, ticks)| *ticks);
        most.map(|&(stall, _)| stall)
    };
    // The first layer reads all the time, the others wait for what it gives.
    assert_eq!(waits_of(&toy(), 0), None);
    assert_eq!(waits_of(&toy(), 1), Some(Stall::Input));
    assert_eq!(waits_of(&toy_with(|chip, _| chip.tile.bus.wires = 1), 0), Some(Stall::Transfer));
    let one_adc = toy_with(|chip, _| (chip.tile.ima.n_adcs, chip.tile.ima.adc.conversions_per_cycle) = (1, 8));
    assert_eq!(waits_of(&one_adc, 0), Some(Stall::Converters));
}

#[test]
fn buffers_say_what_they_held() {
    let network = chain(Shape::new(4, 6, 6), 8, vec![conv(8, 2, 4, 3)]);
    let window = (2 * 6 + 3) * 4;
    let result = replayed(&network, &toy_with(|chip, _| chip.tile.edram.capacity = Bytes(window))).expect("it runs");
    let edram = result.buffers.iter().find(|buffer| buffer.path == "Chip[0].Tile[0].Edram").expect("there is one");
    assert_eq!((edram.capacity, edram.peak), (Bytes(window), Bytes(window)));
    assert!(edram.mean > 0.5 * window as f64 && edram.mean <= window as f64, "{}", edram.mean);
    let register = result.buffers.iter().find(|buffer| buffer.path.ends_with("Ima[0].InputRegister"));
    assert_eq!(register.expect("there is one").peak.0 % 36, 0, "it holds whole positions of nine pixels");
}

#[test]
fn layer_by_layer_one_layer_works_at_a_time() {
    let arch = toy();
    let placement = rebias_mapper::map(&small(), &arch).expect("it fits");
    let options = ReplayOptions { schedule: Schedule::LayerByLayer, ..ReplayOptions::DEFAULT };
    let result = replay(&small(), &arch, &placement, &options).expect("the maps fit");
    for pair in result.layers.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{} begins when {} has finished", pair[1].layer.0, pair[0].layer.0);
    }
    // An image at a time; the first's inputs are there from the start, the others' first window has to be written.
    let longer = result.interval - result.first_latency;
    assert!(longer <= Cycles(4), "{longer:?}");
    let pipeline = replayed(&small(), &arch).expect("it runs");
    assert!(pipeline.first_latency < result.first_latency && pipeline.interval < result.interval);
    assert_eq!(result.counts(), pipeline.counts());
}

#[test]
fn layer_by_layer_whole_maps_must_fit() {
    // The first layer reads 64 pixels of 2 bytes and writes 64 of 4, which the second reads.
    let network = chain(Shape::new(4, 8, 8), 4, vec![conv(8, 2, 4, 3), conv(8, 2, 4, 3)]);
    let with = |bytes| {
        let arch = toy_with(|chip, _| chip.tile.edram.capacity = Bytes(bytes));
        let placement = rebias_mapper::map(&network, &arch).expect("it fits");
        let options = ReplayOptions { schedule: Schedule::LayerByLayer, ..ReplayOptions::DEFAULT };
        replay(&network, &arch, &placement, &options)
    };
    assert!(with(64 * (2 + 4)).is_ok());
    let error = with(64 * (2 + 4) - 1).expect_err("one byte is missing");
    assert_eq!(
        error.to_string(),
        "the eDRAM of Chip[0].Tile[0] has 383 bytes, but the whole maps of its layers need 384: `layer0` 128, `layer1` \
         256"
    );
}

#[test]
fn a_stream_of_so_many_images_ends_with_the_last() {
    let arch = toy();
    let placement = rebias_mapper::map(&small(), &arch).expect("it fits");
    let of = |images| {
        let options = ReplayOptions { images: Images::Exactly(images), ..ReplayOptions::DEFAULT };
        replay(&small(), &arch, &placement, &options).expect("it runs")
    };
    let (one, five) = (of(1), of(5));
    assert_eq!((one.total, one.interval), (one.first_latency, one.first_latency));
    assert_eq!(five.first_latency, one.first_latency);
    assert_eq!(five.interval, Cycles(64 * 8));
    // Each image after the first adds an interval; the first window of the others has to be written before.
    let longer = five.total - one.total - Cycles(4 * 64 * 8);
    assert!(longer <= Cycles(4), "{longer:?}");
}

#[test]
fn smallest_buffers_work_and_a_byte_less_does_not() {
    let network = chain(Shape::new(4, 6, 6), 8, vec![conv(8, 2, 4, 3), conv(8, 2, 4, 3)]);
    let arch = toy();
    let placement = rebias_mapper::map(&network, &arch).expect("it fits");
    let smallest = smallest_buffers(&network, &arch, &placement, &ReplayOptions::DEFAULT).expect("it runs");
    // Windows of two rows and three pixels, of 4 bytes each in both layers; 36 inputs in each IMA.
    assert_eq!(smallest.edram.to_finish, Bytes(2 * (2 * 6 + 3) * 4));
    assert_eq!(smallest.input_register.to_finish, Bytes(36));
    let interval_with = |edram: Bytes| {
        let arch = toy_with(|chip, _| chip.tile.edram.capacity = edram);
        replayed(&network, &arch).map(|result| result.interval).ok()
    };
    let pace = replayed(&network, &arch).expect("it runs").interval;
    assert_eq!(interval_with(smallest.edram.to_keep_pace), Some(pace));
    assert!(interval_with(smallest.edram.to_keep_pace - Bytes(1)).is_none_or(|interval| interval > pace));
    assert_eq!(interval_with(smallest.edram.to_finish - Bytes(1)), None);
}
