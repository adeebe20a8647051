//! `rebias study` in a build that cannot train.

use crate::args::Study;
use crate::failure::Failure;

pub(crate) fn run(args: &Study) -> Result<String, Failure> {
    Err(Failure::Input(format!(
        "this build of rebias cannot train\nhint: cargo run --release --features train -- study {} --out {}",
        args.study.display(),
        args.out.display(),
    )))
}
