//! What a cost row is the cost of, and how many of it an architecture has.

use rebias_arch::{Arch, BiasColumnsSpec};
use rebias_tile::BiasConverter;

/// Defines the units with their names in cost tables, in one table.
macro_rules! units {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What a cost row is the cost of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Unit {
            $($(#[$doc])* $variant,)+
        }

        impl Unit {
            /// The words of `unit` in a cost table.
            pub(crate) const WORDS: &'static [(&'static str, Unit)] = &[$(($name, Unit::$variant),)+];
        }
    };
}

units! {
    /// The chip as a whole, such as its links to others.
    Chip = "chip",
    /// A router of the on-chip network.
    Router = "router",
    /// A tile as a whole.
    Tile = "tile",
    /// A byte of a tile's eDRAM buffer.
    EdramByte = "edram-byte",
    /// A wire of a tile's bus.
    BusWire = "bus-wire",
    /// A byte of a tile's output register.
    TileOutputRegisterByte = "tile-output-register-byte",
    /// A shift-and-add unit of a tile.
    TileShiftAdd = "tile-shift-add",
    /// An activation unit.
    Activation = "activation",
    /// A max-pool unit.
    MaxPool = "max-pool",
    /// A multiplier for β·S; one in a tile.
    BiasMultiplier = "bias-multiplier",
    /// An IMA as a whole.
    Ima = "ima",
    /// An ADC of an IMA.
    Adc = "adc",
    /// A bias column's own ADC; one in an IMA, none if the mapping has no use for it.
    BiasAdc = "bias-adc",
    /// An adder tree on an array's inputs; none if the mapping has no use for it.
    BiasCounter = "bias-counter",
    /// A register that holds a bit line's calibrated bias; none if the mapping has no use for it.
    BiasRegister = "bias-register",
    /// A word line's DAC.
    Dac = "dac",
    /// A bit line's sample-and-hold.
    SampleHold = "sample-hold",
    /// A cell.
    Cell = "cell",
    /// A shift-and-add unit of an IMA.
    ShiftAdd = "shift-add",
    /// A byte of an IMA's input register.
    InputRegisterByte = "input-register-byte",
    /// A byte of an IMA's output register.
    OutputRegisterByte = "output-register-byte",
}

/// Where a unit stands, so that it can be counted for part of a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the chip as a whole.
    Chip,
    /// At a router, which some tiles share.
    Router,
    /// In a tile, outside of its IMAs.
    Tile,
    /// In an IMA.
    Ima,
}

/// How much of a chip is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// This many tiles with the routers that they need, without what the chip has once.
    Tiles(u32),
    /// One chip.
    Chip,
    /// All chips of the system.
    System,
}

impl Unit {
    /// Where it stands.
    pub fn place(self) -> Place {
        match self {
            Unit::Chip => Place::Chip,
            Unit::Router => Place::Router,
            Unit::Tile
            | Unit::EdramByte
            | Unit::BusWire
            | Unit::TileOutputRegisterByte
            | Unit::TileShiftAdd
            | Unit::Activation
            | Unit::MaxPool
            | Unit::BiasMultiplier => Place::Tile,
            Unit::Ima
            | Unit::Adc
            | Unit::BiasAdc
            | Unit::BiasCounter
            | Unit::BiasRegister
            | Unit::Dac
            | Unit::SampleHold
            | Unit::Cell
            | Unit::ShiftAdd
            | Unit::InputRegisterByte
            | Unit::OutputRegisterByte => Place::Ima,
        }
    }

    /// How many there are at one such [place](Unit::place): in an IMA, in a tile, at a router, on the chip.
    pub fn per_place(self, arch: &Arch) -> f64 {
        let (tile, ima) = (arch.tile(), arch.ima());
        let crossbars = f64::from(ima.n_crossbars);
        let (word_lines, bit_lines) = (f64::from(ima.crossbar.word_lines), f64::from(ima.crossbar.bit_lines));
        match self {
            Unit::Chip | Unit::Router | Unit::Tile | Unit::BiasMultiplier | Unit::Ima => 1.0,
            Unit::EdramByte => tile.edram.capacity.0 as f64,
            Unit::BusWire => f64::from(tile.bus.wires),
            Unit::TileOutputRegisterByte => tile.output_register.capacity.0 as f64,
            Unit::TileShiftAdd => f64::from(tile.n_shift_adds),
            Unit::Activation => f64::from(tile.n_activations),
            Unit::MaxPool => f64::from(tile.n_max_pools),
            Unit::Adc => f64::from(ima.n_adcs),
            Unit::BiasAdc => match arch.mapping().bias.columns() {
                Some(BiasColumnsSpec { converter: BiasConverter::Own, n, .. }) => f64::from(*n),
                Some(BiasColumnsSpec { converter: BiasConverter::Shared, .. }) | None => 0.0,
            },
            Unit::BiasCounter => {
                if arch.mapping().counts_inputs() {
                    crossbars
                } else {
                    0.0
                }
            }
            Unit::BiasRegister => {
                if arch.mapping().calibration.is_some() {
                    crossbars * bit_lines
                } else {
                    0.0
                }
            }
            Unit::Dac => crossbars * word_lines,
            Unit::SampleHold => crossbars * bit_lines,
            Unit::Cell => crossbars * word_lines * bit_lines,
            Unit::ShiftAdd => f64::from(ima.n_shift_adds),
            Unit::InputRegisterByte => ima.input_register.capacity.0 as f64,
            Unit::OutputRegisterByte => ima.output_register.capacity.0 as f64,
        }
    }

    /// How many there are in an extent of the chip.
    pub fn count(self, arch: &Arch, extent: Extent) -> f64 {
        let (n_tiles, n_chips) = match extent {
            Extent::Tiles(n_tiles) => (n_tiles, 1),
            Extent::Chip => (arch.chip().n_tiles, 1),
            Extent::System => (arch.chip().n_tiles, arch.system().n_chips),
        };
        let places = match (self.place(), extent) {
            (Place::Chip, Extent::Chip | Extent::System) => 1.0,
            (Place::Chip, Extent::Tiles(_)) => 0.0,
            (Place::Router, _) => f64::from(n_tiles.div_ceil(arch.chip().noc.tiles_per_router)),
            (Place::Tile, _) => f64::from(n_tiles),
            (Place::Ima, _) => f64::from(n_tiles) * f64::from(arch.tile().n_imas),
        };
        f64::from(n_chips) * places * self.per_place(arch)
    }
}
