//! Why a network cannot be placed.

/// Why a network cannot be placed on a chip. Either another network or another chip helps, never another try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The network has no weights, so no array would do anything; name another network.
    #[error("network `{network}` has no layer with weights\nhint: a convolution or a linear layer is placed on arrays")]
    NoWeights {
        /// The network's name.
        network: String,
    },
    /// Pairs are to be subtracted before conversion, and no layer has any.
    #[error(
        "`mapping.pairs` is `analog`, and network `{network}` has no pairs\n\
         hint: take a network whose weights are pairs (`representation = \"pair\"`), or set `mapping.pairs` to `digital`"
    )]
    NoPairs {
        /// The network's name.
        network: String,
    },
    /// Currents whose units differ can't be subtracted; the codes of both sides can.
    #[error(
        "`mapping.pairs` is `analog`, and the two sides of layer `{layer}` have a scale each\n\
         hint: set `mapping.pairs` to `digital`, which scales the codes of w⁻ before they are subtracted"
    )]
    TwoScales {
        /// The layer's name.
        layer: String,
    },
    /// There are too few tiles for one copy of each layer; more tiles, or cells with more bits, help.
    #[error(
        "network `{network}` needs {needed} tiles for one copy of each layer, and there are {available}\n\
         hint: raise `chip.tiles`, `system.chips`, `tile.imas` or `ima.crossbars`, or store more bits in a cell"
    )]
    TooFewTiles {
        /// The network's name.
        network: String,
        /// Tiles that one copy of each layer takes.
        needed: u64,
        /// Tiles of all chips.
        available: u32,
    },
    /// One copy of each layer takes more arrays than are to be spent; spending more helps.
    #[error(
        "network `{network}` needs {needed} crossbars for one copy of each layer, and {target} are to be spent\n\
         hint: raise `mapping.target_crossbars`, or set `mapping.replication` to another rule"
    )]
    TargetTooSmall {
        /// The network's name.
        network: String,
        /// Arrays that one copy of each layer takes.
        needed: u64,
        /// Arrays to spend.
        target: u64,
    },
    /// An array has fewer bit lines than one weight has slices; wider arrays, or cells with more bits, help.
    #[error(
        "a weight of layer `{layer}` takes {slices} bit lines, and an array has {bit_lines} for weights\n\
         hint: raise `crossbar.bit_lines` or `cell.bits`"
    )]
    ArrayTooNarrow {
        /// The layer's name.
        layer: String,
        /// Slices of one of its weights.
        slices: u32,
        /// Bit lines of an array that can hold weights.
        bit_lines: u32,
    },
}
