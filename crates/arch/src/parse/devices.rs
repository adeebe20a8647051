//! Devices whose programming errors were measured, by name.

use rebias_config::{Document, Faults, Interval, Problem, Table};
use rebias_crossbar::MeasuredSigma;
use rebias_units::Conductance;

const DEVICES: &str = include_str!("../../../../arch-configs/devices.toml");

/// What the key `device` names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Device {
    Known(MeasuredSigma),
    /// None that is known; the fault is recorded.
    Unknown,
}

/// The device that the key `device` names, if it is there.
pub(super) fn device(table: &Table<'_>) -> Option<Option<Device>> {
    let Some(name) = table.optional_string("device")? else { return Some(None) };
    let devices = known();
    if let Some((_, measured)) = devices.iter().find(|(known, _)| *known == name) {
        return Some(Some(Device::Known(measured.clone())));
    }
    let names: Vec<_> = devices.iter().map(|(name, _)| format!("`{name}`")).collect();
    table.fault("device", Problem::new("not a device that was measured").legal(names.join(", ")));
    Some(Some(Device::Unknown))
}

/// The shipped devices; a test holds that all of them can be read.
fn known() -> Vec<(String, MeasuredSigma)> {
    let read = Document::parse("arch-configs/devices.toml", DEVICES).and_then(|document| read_devices(&document));
    read.unwrap_or_default()
}

/// Reads measured devices by name.
///
/// # Errors
/// Everything that is wrong with them, at once.
pub fn read_devices(document: &Document) -> Result<Vec<(String, MeasuredSigma)>, Faults> {
    document.read(|root| {
        let devices: Vec<_> = root.keys().iter().map(|name| read_device(root, name)).collect();
        devices.into_iter().collect()
    })
}

fn read_device(root: &Table<'_>, name: &str) -> Option<(String, MeasuredSigma)> {
    let table = root.table(name)?;
    let coefficients = table.numbers("sigma_microsiemens", Interval::any());
    let from = table.number("from_microsiemens", Interval::non_negative());
    let to = table.number("to_microsiemens", Interval::positive());
    let _source = table.string("source");
    let _confidence = table.string("confidence");
    let measured = MeasuredSigma {
        coefficients: coefficients?,
        from: Conductance::from_microsiemens(from?),
        to: Conductance::from_microsiemens(to?),
    };
    Some((name.to_owned(), measured))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_devices_have_a_positive_deviation_wherever_they_were_measured() {
        let devices = known();
        assert_eq!(devices.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["milo-2021", "wan-2022"]);
        for (name, measured) in &devices {
            for step in 0..=100 {
                let target = measured.from + (measured.to - measured.from) * (f64::from(step) / 100.0);
                assert!(measured.at(target).microsiemens() > 0.0, "{name} at {} µS", target.microsiemens());
            }
        }
        // σ = 4.782 − 0.009107·225 and 1.053 + 0.2374·39.3 − 0.01167·39.3² + 1.536e-4·39.3³.
        let last = |at: usize| devices[at].1.at(devices[at].1.to).microsiemens();
        assert!((last(0) - 2.7329).abs() < 1e-4 && (last(1) - 1.6824).abs() < 1e-3, "{} {}", last(0), last(1));
    }
}
