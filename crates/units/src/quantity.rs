//! Physical quantities, held in SI units.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// Defines one quantity: its name, and for each unit a constructor, a getter and the unit's size in SI units.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident { $($from:ident, $get:ident, $unit:literal, $scale:expr;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0.0);

            $(
                #[doc = concat!("From a number of ", $unit, ".")]
                pub const fn $from(number: f64) -> Self {
                    Self(number * $scale)
                }

                #[doc = concat!("The number of ", $unit, ".")]
                pub const fn $get(self) -> f64 {
                    self.0 / $scale
                }
            )+
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }

        /// The ratio of two quantities of one kind is a plain number.
        impl Div for $name {
            type Output = f64;
            fn div(self, other: Self) -> f64 {
                self.0 / other.0
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }
    };
}

quantity!(
    /// An amount of energy.
    Energy {
        from_joules, joules, "joules", 1.0;
        from_millijoules, millijoules, "millijoules", 1e-3;
        from_microjoules, microjoules, "microjoules", 1e-6;
        from_picojoules, picojoules, "picojoules", 1e-12;
    }
);
quantity!(
    /// Energy per time.
    Power {
        from_watts, watts, "watts", 1.0;
        from_milliwatts, milliwatts, "milliwatts", 1e-3;
    }
);
quantity!(
    /// A span of physical time; spans of simulated time are [`Cycles`](crate::Cycles).
    Time {
        from_seconds, seconds, "seconds", 1.0;
        from_milliseconds, milliseconds, "milliseconds", 1e-3;
        from_microseconds, microseconds, "microseconds", 1e-6;
        from_nanoseconds, nanoseconds, "nanoseconds", 1e-9;
    }
);
quantity!(
    /// Silicon area.
    Area {
        from_square_millimetres, square_millimetres, "square millimetres", 1e-6;
        from_square_micrometres, square_micrometres, "square micrometres", 1e-12;
    }
);
quantity!(
    /// Electrical conductance of a cell.
    Conductance {
        from_siemens, siemens, "siemens", 1.0;
        from_microsiemens, microsiemens, "microsiemens", 1e-6;
    }
);
quantity!(
    /// Electrical potential.
    Voltage {
        from_volts, volts, "volts", 1.0;
    }
);
quantity!(
    /// Electrical resistance of a wire or an access device.
    Resistance {
        from_ohms, ohms, "ohms", 1.0;
    }
);
quantity!(
    /// Electrical capacitance of a wire.
    Capacitance {
        from_farads, farads, "farads", 1.0;
        from_femtofarads, femtofarads, "femtofarads", 1e-15;
    }
);
quantity!(
    /// Electrical current.
    Current {
        from_amperes, amperes, "amperes", 1.0;
        from_microamperes, microamperes, "microamperes", 1e-6;
    }
);

impl Mul<Voltage> for Conductance {
    type Output = Current;
    fn mul(self, voltage: Voltage) -> Current {
        Current::from_amperes(self.siemens() * voltage.volts())
    }
}

/// The time constant of a resistance that charges a capacitance.
impl Mul<Capacitance> for Resistance {
    type Output = Time;
    fn mul(self, capacitance: Capacitance) -> Time {
        Time::from_seconds(self.ohms() * capacitance.farads())
    }
}

impl Mul<Time> for Power {
    type Output = Energy;
    fn mul(self, time: Time) -> Energy {
        Energy::from_joules(self.watts() * time.seconds())
    }
}

impl Div<Time> for Energy {
    type Output = Power;
    fn div(self, time: Time) -> Power {
        Power::from_watts(self.joules() / time.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isaac_array_power_over_one_read_is_30_picojoules() {
        let energy = Power::from_milliwatts(0.3) * Time::from_nanoseconds(100.0);
        assert!((energy.picojoules() - 30.0).abs() < 1e-9);
    }

    #[test]
    fn energy_over_time_is_power() {
        let power = Energy::from_microjoules(2.0) / Time::from_microseconds(4.0);
        assert!((power.watts() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn electrical_products_have_their_units() {
        let current = Conductance::from_microsiemens(10.0) * Voltage::from_volts(0.2);
        assert!((current.microamperes() - 2.0).abs() < 1e-12);
        let time = Resistance::from_ohms(2.0) * Capacitance::from_femtofarads(500.0);
        assert!((time.nanoseconds() - 1e-3).abs() < 1e-15);
    }

    #[test]
    fn ratios_are_plain_numbers() {
        assert_eq!(Area::from_square_millimetres(3.0) / Area::from_square_millimetres(2.0), 1.5);
    }
}
