//! What hardware does, one countable thing at a time.
//!
//! Parts count actions and know no joules; `rebias-cost` turns counts into energy.

use std::ops::{Index, IndexMut};

/// Defines the actions with their names in files, in one table.
macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// One countable event of the hardware.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $variant,)+
        }

        impl Action {
            /// All actions, in the order in which tables list them.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)+];

            /// The name used in cost tables and reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Action::$variant => $name,)+
                }
            }
        }
    };
}

actions! {
    /// A DAC drives one word line with one input slice.
    DacDrive = "dac.drive",
    /// One array is read once: all its word lines driven, all its bit lines summed.
    CrossbarRead = "crossbar.read",
    /// A sample-and-hold takes the current of one bit line.
    SampleHold = "sample-hold.hold",
    /// An ADC converts one held bit line.
    AdcConversion = "adc.conversion",
    /// The bias column's own converter converts once.
    BiasConversion = "bias-adc.conversion",
    /// One word line's input slice is added into the digital sum of inputs.
    BiasCount = "bias-counter.add",
    /// One sum of inputs is multiplied by β and added to one output.
    BiasMultiply = "bias-multiplier.multiply",
    /// A converted code is shifted and added to an output's partial sum inside an IMA.
    ShiftAdd = "shift-add.add",
    /// A byte is written to an IMA's input register.
    InputRegisterWrite = "input-register.write",
    /// A byte is read from an IMA's input register.
    InputRegisterRead = "input-register.read",
    /// A byte of finished partial sums is written to an IMA's output register.
    OutputRegisterWrite = "output-register.write",
    /// A byte of finished partial sums is read from an IMA's output register.
    OutputRegisterRead = "output-register.read",
    /// A byte is read from a tile's eDRAM buffer.
    EdramRead = "edram.read",
    /// A byte is written to a tile's eDRAM buffer.
    EdramWrite = "edram.write",
    /// A byte crosses a tile's bus between the eDRAM buffer and the IMAs, in either direction.
    BusTransfer = "bus.transfer",
    /// A partial sum of one output is merged in a tile's shift-and-add unit.
    TileShiftAdd = "tile-shift-add.add",
    /// A byte is written to a tile's output register.
    TileOutputRegisterWrite = "tile-output-register.write",
    /// One output passes a tile's activation unit.
    Activation = "activation.apply",
    /// One value enters a tile's max-pool comparator.
    MaxPool = "max-pool.compare",
    /// A byte passes one router of the on-chip network.
    RouterByte = "router.byte",
    /// A byte crosses one link of the on-chip network.
    LinkByte = "link.byte",
    /// A byte crosses the link between two chips.
    ChipLinkByte = "chip-link.byte",
}

/// How often each action happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts([u64; Action::ALL.len()]);

impl Counts {
    /// Nothing happened.
    pub const ZERO: Self = Self([0; Action::ALL.len()]);

    /// Counts `times` more of `action`.
    pub fn add(&mut self, action: Action, times: u64) {
        self[action] += times;
    }

    /// Adds another set of counts.
    pub fn merge(&mut self, other: &Counts) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Adds another set of counts some times.
    pub fn merge_times(&mut self, other: &Counts, times: u64) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs * times;
        }
    }

    /// Each action with its count, in table order.
    pub fn iter(&self) -> impl Iterator<Item = (Action, u64)> + '_ {
        Action::ALL.iter().map(|&action| (action, self[action]))
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Index<Action> for Counts {
    type Output = u64;
    fn index(&self, action: Action) -> &u64 {
        &self.0[action as usize]
    }
}

impl IndexMut<Action> for Counts {
    fn index_mut(&mut self, action: Action) -> &mut u64 {
        &mut self.0[action as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_action_at_its_own_place() {
        for (place, &action) in Action::ALL.iter().enumerate() {
            assert_eq!(action as usize, place);
        }
    }

    #[test]
    fn names_differ() {
        let mut names: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Action::ALL.len());
    }

    #[test]
    fn counts_merge_action_by_action() {
        let mut left = Counts::ZERO;
        left.add(Action::CrossbarRead, 2);
        let mut right = Counts::ZERO;
        right.add(Action::CrossbarRead, 3);
        right.add(Action::EdramRead, 1);
        left.merge(&right);
        assert_eq!(left[Action::CrossbarRead], 5);
        assert_eq!(left[Action::EdramRead], 1);
        assert_eq!(left[Action::AdcConversion], 0);
    }
}
