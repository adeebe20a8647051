//! `rebias train` in a build that cannot train.

use crate::args::Train;
use crate::failure::Failure;

pub(crate) fn run(args: &Train) -> Result<String, Failure> {
    let data = args.data.as_ref().map_or_else(String::new, |data| format!(" --data {}", data.display()));
    Err(Failure::Input(format!(
        "this build of rebias cannot train\nhint: cargo run --release --features train -- train {}{data} --out {}",
        args.recipe.display(),
        args.out.display(),
    )))
}
