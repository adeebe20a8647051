//! `rebias map`: where a network stands on a chip.

use rebias_arch::Arch;
use rebias_report::placement_text;
use rebias_sweep::{read_design, read_trace};

use crate::args::Map;
use crate::failure::Failure;

pub(crate) fn run(args: &Map) -> Result<String, Failure> {
    let document = read_design(&args.subject.arch)?.arch;
    let arch = Arch::parse(&document)?;
    let trace = read_trace(&args.subject.trace)?;
    let placement =
        rebias_mapper::map(&trace.network, &arch).map_err(|error| Failure::of_run(&error.into(), &document))?;
    Ok(placement_text(&trace.network, &arch, &placement))
}
