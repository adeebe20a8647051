//! `rebias buffers`: the smallest buffers that work.

use rebias_arch::Arch;
use rebias_scheduler::{ReplayOptions, Smallest, smallest_buffers};
use rebias_sweep::{read_design, read_trace};

use crate::args::Buffers;
use crate::failure::Failure;

pub(crate) fn run(args: &Buffers) -> Result<String, Failure> {
    let design = read_design(&args.subject.arch)?.arch;
    let arch = Arch::parse(&design)?;
    let trace = read_trace(&args.subject.trace)?;
    let placement =
        rebias_mapper::map(&trace.network, &arch).map_err(|error| Failure::of_run(&error.into(), &design))?;
    let options = ReplayOptions { schedule: args.schedule.into(), ..ReplayOptions::DEFAULT };
    let found = smallest_buffers(&trace.network, &arch, &placement, &options)
        .map_err(|error| Failure::of_run(&error.into(), &design))?;
    let row = |name: &str, given: u64, Smallest { to_finish, to_keep_pace }: Smallest| {
        format!("{name:16}{given:>12}{:>16}{:>20}", to_finish.0, to_keep_pace.0)
    };
    let (edram, register) = (arch.tile().edram.capacity.0, arch.ima().input_register.capacity.0);
    Ok([
        format!("{} on {}, bytes\n", trace.network.name(), arch.name()),
        format!("{:16}{:>12}{:>16}{:>20}", "buffer", "given", "needed to run", "to keep the pace"),
        row("tile eDRAM", edram, found.edram),
        row("input register", register, found.input_register),
    ]
    .join("\n"))
}
