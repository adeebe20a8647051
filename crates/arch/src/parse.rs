//! From TOML to Specs: every key is asked for before any fault gives up the whole.

use rebias_buffer::{EdramSpec, RegisterSpec};
use rebias_config::{Document, Faults, Interval, Problem, Table, Value};
use rebias_converter::{AdcSpec, DacSpec};
use rebias_crossbar::CrossbarSpec;
use rebias_tile::{BusSpec, ChipSpec, ImaSpec, SystemSpec, TileSpec};
use rebias_units::{Bytes, Cycles, Time};

use self::cell::cell;
use self::converters::{adc, dac};
use self::crossbar::crossbar;
use self::mapping::mapping;
use crate::Arch;

mod bias;
mod cell;
mod converters;
mod crossbar;
mod devices;
mod interconnect;
mod mapping;

pub use self::devices::read_devices;

/// Parts of one kind inside another at most: more is a slip of the pen.
const MAX_PARTS: i64 = 65_536;
/// Crossbars of a chip at most.
const MAX_CROSSBARS: u64 = 1 << 22;
/// Bits that a port moves at once at most.
const MAX_WIRES: i64 = 1 << 20;
/// How far a clock may be from dividing the chip's cycle evenly, in ticks; typed decimals are not exact.
const TICK_TOLERANCE: f64 = 1e-6;

/// The design that an architecture is laid over, as its `extends` says it: a path from its own folder.
pub fn extends(document: &Document) -> Option<String> {
    document.get("extends").and_then(Value::as_str).map(str::to_owned)
}

impl Arch {
    /// Reads and checks an architecture, with what it extends already laid under it.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn parse(document: &Document) -> Result<Self, Faults> {
        document.read(|root| {
            let name = root.string("name");
            let _description = root.optional_string("description");
            let _base = root.optional_string("extends");
            let cell = root.table("cell").and_then(|table| cell(&table));
            let crossbar_table = root.table("crossbar");
            let crossbar = crossbar_table.as_ref().and_then(crossbar);
            let dac = root.table("dac").and_then(|table| dac(&table));
            let adc = root.table("adc").and_then(|table| adc(&table));
            let ima = root.table("ima").and_then(|table| ima(&table));
            let (chip_table, tile_table) = (root.table("chip"), root.table("tile"));
            let n_tiles = chip_table.as_ref().and_then(|table| table.integer("tiles", 1..=MAX_PARTS));
            let clocks = clocks(chip_table.as_ref(), tile_table.as_ref());
            let tile = tile_table.as_ref().and_then(tile);
            let noc = root.table("noc").and_then(|table| interconnect::noc(&table));
            let system = interconnect::system(root);
            let mapping = root.table("mapping").and_then(|table| mapping(&table, cell.as_ref(), adc.as_ref()));

            let (adc, n_adcs) = adc?;
            let crossbar = crossbar?.with(cell?, &crossbar_table?)?;
            let ima = ima?.with(crossbar, dac?, adc, n_adcs);
            let (cycle_time, ticks_per_cycle) = clocks?;
            let chip = ChipSpec { n_tiles: n_tiles?, cycle_time, ticks_per_cycle, tile: tile?.with(ima), noc: noc? };
            let system = system?;
            check_size(&chip_table?, &chip, &system)?;
            interconnect::check_router(root, &system, chip.n_tiles.div_ceil(chip.noc.tiles_per_router))?;
            Some(Self { name: name?, chip, system, mapping: mapping? })
        })
    }
}

/// An IMA's own keys, before what it is built of is known.
struct ImaKeys {
    n_crossbars: u32,
    n_shift_adds: u32,
    shift_adds_per_cycle: u32,
    partial_sum_bits: u32,
    input_register: RegisterSpec,
    output_register: RegisterSpec,
}

impl ImaKeys {
    fn with(self, crossbar: CrossbarSpec, dac: DacSpec, adc: AdcSpec, n_adcs: u32) -> ImaSpec {
        ImaSpec {
            n_crossbars: self.n_crossbars,
            crossbar,
            dac,
            n_adcs,
            adc,
            n_shift_adds: self.n_shift_adds,
            shift_adds_per_cycle: self.shift_adds_per_cycle,
            partial_sum_bits: self.partial_sum_bits,
            input_register: self.input_register,
            output_register: self.output_register,
        }
    }
}

fn ima(table: &Table<'_>) -> Option<ImaKeys> {
    let n_crossbars = table.integer("crossbars", 1..=MAX_PARTS);
    let n_shift_adds = table.integer("shift_adds", 1..=MAX_PARTS);
    let shift_adds_per_cycle = table.integer("shift_adds_per_cycle", 1..=i64::from(u32::MAX));
    let partial_sum_bits = table.integer("partial_sum_bits", 1..=64);
    let input_register = table.table("input_register").and_then(|table| register(&table));
    let output_register = table.table("output_register").and_then(|table| register(&table));
    Some(ImaKeys {
        n_crossbars: n_crossbars?,
        n_shift_adds: n_shift_adds?,
        shift_adds_per_cycle: shift_adds_per_cycle?,
        partial_sum_bits: partial_sum_bits?,
        input_register: input_register?,
        output_register: output_register?,
    })
}

fn register(table: &Table<'_>) -> Option<RegisterSpec> {
    let capacity = table.integer("capacity_bytes", 1..=1 << 30)?;
    Some(RegisterSpec { capacity: Bytes(capacity) })
}

/// A tile's own keys, before its IMAs are known.
struct TileKeys {
    n_imas: u32,
    edram: EdramSpec,
    bus: BusSpec,
    output_register: RegisterSpec,
    n_shift_adds: u32,
    n_activations: u32,
    n_max_pools: u32,
}

impl TileKeys {
    fn with(self, ima: ImaSpec) -> TileSpec {
        TileSpec {
            n_imas: self.n_imas,
            ima,
            edram: self.edram,
            bus: self.bus,
            output_register: self.output_register,
            n_shift_adds: self.n_shift_adds,
            n_activations: self.n_activations,
            n_max_pools: self.n_max_pools,
        }
    }
}

fn tile(table: &Table<'_>) -> Option<TileKeys> {
    let n_imas = table.integer("imas", 1..=MAX_PARTS);
    let n_shift_adds = table.integer("shift_adds", 1..=MAX_PARTS);
    let n_activations = table.integer("activations", 1..=MAX_PARTS);
    let n_max_pools = table.integer("max_pools", 1..=MAX_PARTS);
    let edram = table.table("edram").and_then(|table| edram(&table));
    let bus = table.table("bus").and_then(|table| Some(BusSpec { wires: table.integer("wires", 1..=MAX_WIRES)? }));
    let output_register = table.table("output_register").and_then(|table| register(&table));
    Some(TileKeys {
        n_imas: n_imas?,
        edram: edram?,
        bus: bus?,
        output_register: output_register?,
        n_shift_adds: n_shift_adds?,
        n_activations: n_activations?,
        n_max_pools: n_max_pools?,
    })
}

fn edram(table: &Table<'_>) -> Option<EdramSpec> {
    let capacity = table.integer::<u64>("capacity_kib", 1..=1 << 20);
    let banks = table.integer("banks", 1..=1024);
    let port_bits = table.integer("port_bits", 1..=MAX_WIRES);
    Some(EdramSpec { capacity: Bytes(capacity? * 1024), banks: banks?, port_bits: port_bits? })
}

/// The chip's cycle, and the whole number of ticks of the tile's clock in it.
fn clocks(chip: Option<&Table<'_>>, tile: Option<&Table<'_>>) -> Option<(Time, Cycles)> {
    let cycle_time_ns = chip.and_then(|chip| chip.number("cycle_time_ns", Interval::closed(1e-3, 1e9)));
    let clock_ghz = tile.and_then(|tile| tile.number("clock_ghz", Interval::closed(1e-3, 1e3)));
    let (cycle_time_ns, clock_ghz, tile) = (cycle_time_ns?, clock_ghz?, tile?);
    let ticks = cycle_time_ns * clock_ghz;
    let whole = ticks.round().max(1.0);
    if (ticks - whole).abs() > TICK_TOLERANCE * whole {
        let problem = Problem::new(format!("ticks {ticks} times in the chip's cycle of {cycle_time_ns} ns"))
            .legal("a whole number of ticks in a cycle, at least 1")
            .hint(format!("a clock of {} GHz ticks {whole} times", whole / cycle_time_ns));
        tile.fault("clock_ghz", problem);
        return None;
    }
    Some((Time::from_nanoseconds(cycle_time_ns), Cycles(whole as u64)))
}

/// The numbers of parts multiply to something that can be counted and listed.
fn check_size(table: &Table<'_>, chip: &ChipSpec, system: &SystemSpec) -> Option<()> {
    let (n_tiles, n_imas, n_crossbars) = (chip.n_tiles, chip.tile.n_imas, chip.tile.ima.n_crossbars);
    let product = [n_tiles, n_imas, n_crossbars]
        .into_iter()
        .try_fold(u64::from(system.n_chips), |product, n| product.checked_mul(u64::from(n)))
        .filter(|&product| product <= MAX_CROSSBARS);
    if product.is_none() {
        let chips = if system.n_chips > 1 { format!("{} chips of ", system.n_chips) } else { String::new() };
        let text = format!("{chips}{n_tiles} tiles of {n_imas} IMAs of {n_crossbars} crossbars are too many crossbars");
        table.fault("tiles", Problem::new(text).legal(format!("at most {MAX_CROSSBARS} crossbars on all chips")));
    }
    product.map(|_| ())
}

#[cfg(test)]
mod tests;
