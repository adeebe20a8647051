//! What can keep an array from being read.

/// Why an array's currents can't be worked out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrossbarError {
    /// Wires and cells whose current is not proportional to voltage: there is no matrix that stands for the array.
    #[error(
        "with wires or access devices in series, cells of a non-linear I–V (`cell.current_voltage`) make an array \
         that no matrix stands for\n\
         hint: set `crossbar.wire_resistance_ohm` and `crossbar.access_resistance_ohm` to 0, or take out \
         `cell.current_voltage`; `rebias mvm` reads such arrays with `crossbar.solve = \"per-read\"`"
    )]
    NotLinear,
    /// Several bits at a time drive a word line, and the current is not proportional to their number: sums over bits, of
    /// which whole networks are emulated, don't give it.
    #[error(
        "with `{what}`, a word line that is driven with several bits at a time (`dac.bits`) doesn't give the sum of what \
         each bit gives\n\
         hint: take a DAC of 1 bit; `rebias mvm` reads such arrays too"
    )]
    CurvedLevels {
        /// The key that makes it so.
        what: &'static str,
    },
    /// The wires drop so much that the solution was not found in the sweeps allowed.
    #[error(
        "the voltages of an array with wires did not settle: after {sweeps} sweeps the relative residual is {residual:e}, \
         above {tolerance:e}\n\
         hint: lower `crossbar.wire_resistance_ohm`, or take smaller arrays or less conductive cells"
    )]
    NotConverged {
        /// Sweeps over the array.
        sweeps: u32,
        /// Σ of squared node currents left over, relative to the cells' currents with ideal wires.
        residual: f64,
        /// How large it may be.
        tolerance: f64,
    },
}

impl CrossbarError {
    /// The key of the architecture that makes it so.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NotLinear => "cell.current_voltage",
            Self::CurvedLevels { what } => what,
            Self::NotConverged { .. } => "crossbar.wire_resistance_ohm",
        }
    }
}
