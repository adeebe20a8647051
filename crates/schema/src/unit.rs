//! The units of quantities, which stand in the names of keys.

/// Endings of keys and what they stand for; of two that fit, the first.
const UNITS: &[(&str, &str)] = &[
    ("gigabytes_per_s", "GB/s"),
    ("microsiemens", "µS"),
    ("capacity_kib", "KiB"),
    ("bytes", "bytes"),
    ("percentile", "%"),
    ("percent", "%"),
    ("bits", "bits"),
    ("ticks", "ticks"),
    ("flits", "flits"),
    ("levels", "levels"),
    ("_lsb", "LSB"),
    ("_db", "dB"),
    ("_ghz", "GHz"),
    ("_ns", "ns"),
    ("_s", "s"),
    ("_ohm", "Ω"),
    ("_ff", "fF"),
    ("_ua", "µA"),
    ("_mw", "mW"),
    ("_pj", "pJ"),
    ("_mm2", "mm²"),
    ("_um2", "µm²"),
    ("_nm", "nm"),
    ("_v", "V"),
];

/// The unit of a key's value; `None` for what has none.
pub(crate) fn unit(key: &str) -> Option<&'static str> {
    // A number of actions is none of cycles.
    let fits = |ending: &&(&str, &'static str)| key.ends_with(ending.0) && !key.contains("per_cycle");
    UNITS.iter().find(fits).map(|(_, unit)| *unit)
}
