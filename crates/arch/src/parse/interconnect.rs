//! What carries messages: `[noc]`, `[chip_link]`, and the number of chips in `[system]`.

use rebias_config::{Interval, Problem, Table};
use rebias_tile::{ChipLinkSpec, NocSpec, SystemSpec};
use rebias_units::{Bytes, Cycles, Time};

use super::{MAX_PARTS, MAX_WIRES};

/// Chips of a system at most.
const MAX_CHIPS: i64 = 1024;
/// Ticks that a flit takes through a router or over a link at most.
const MAX_TICKS: i64 = 1_000_000;

pub(super) fn noc(table: &Table<'_>) -> Option<NocSpec> {
    let tiles_per_router = table.integer("tiles_per_router", 1..=MAX_PARTS);
    let flit_bits = table.integer("flit_bits", 1..=MAX_WIRES);
    let queue_flits = table.integer("queue_flits", 1..=MAX_PARTS);
    let router_ticks = table.integer("router_ticks", 1..=MAX_TICKS);
    let link_ticks = table.integer("link_ticks", 1..=MAX_TICKS);
    Some(NocSpec {
        tiles_per_router: tiles_per_router?,
        flit_bits: flit_bits?,
        queue_flits: queue_flits?,
        router_ticks: Cycles(router_ticks?),
        link_ticks: Cycles(link_ticks?),
    })
}

/// One chip, unless `[system]` says otherwise; several need a `[chip_link]`.
pub(super) fn system(root: &Table<'_>) -> Option<SystemSpec> {
    let n_chips = root.optional_table_as("system", |table| table.integer("chips", 1..=MAX_CHIPS));
    let chip_link = root.optional_table_as("chip_link", chip_link);
    let (n_chips, chip_link) = (n_chips?.unwrap_or(1), chip_link?);
    if n_chips > 1 && chip_link.is_none() {
        let problem = Problem::new("missing key")
            .legal("a table, which several chips need")
            .hint("say what links a chip to the others, or leave `system.chips` at 1");
        root.fault("chip_link", problem);
        return None;
    }
    Some(SystemSpec { n_chips, chip_link })
}

fn chip_link(table: &Table<'_>) -> Option<ChipLinkSpec> {
    let n_links = table.integer("links", 1..=1024);
    let rate = table.number("gigabytes_per_s", Interval::closed(1e-6, 1e6));
    let latency_ns = table.number("latency_ns", Interval::closed(0.0, 1e9));
    let capacity = table.integer("queue_bytes", 1..=1 << 30);
    let router = table.integer("router", 0..=MAX_PARTS - 1);
    Some(ChipLinkSpec {
        n_links: n_links?,
        byte_time: Time::from_nanoseconds(1.0 / rate?),
        latency: Time::from_nanoseconds(latency_ns?),
        capacity: Bytes(capacity?),
        router: router?,
    })
}

/// The chip link is at one of the chip's routers.
pub(super) fn check_router(root: &Table<'_>, system: &SystemSpec, n_routers: u32) -> Option<()> {
    let Some(link) = system.chip_link.filter(|link| link.router >= n_routers) else {
        return Some(());
    };
    let problem = Problem::new(format!("the chip has no router {}", link.router))
        .legal(format!("0..={}", n_routers - 1))
        .hint("routers are `chip.tiles` / `noc.tiles_per_router`, rounded up");
    if let Some(Some(table)) = root.optional_table("chip_link") {
        table.fault("router", problem);
    }
    None
}
