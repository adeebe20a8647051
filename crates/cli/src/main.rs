//! The command line of Rebias: arguments, files, progress, exit codes.
//!
//! Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 interrupted.

mod args;
mod commands;
mod failure;
mod help;
mod interrupt;
mod progress;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(text) => {
            // A reader that closes the pipe early, such as `head`, is no failure.
            let _ = writeln!(io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if let Some(text) = failure.output() {
                let _ = writeln!(io::stdout(), "{}", text.trim_end());
            }
            let _ = writeln!(io::stderr(), "{failure}");
            failure.exit_code()
        }
    }
}

/// Runs the command and returns what it has to say.
fn run(cli: Cli) -> Result<String, Failure> {
    if let Some(threads) = cli.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .map_err(|error| Failure::Run(error.to_string()))?;
    }
    match cli.command {
        Command::Simulate(args) => commands::simulate::run(&args),
        Command::Map(args) => commands::map::run(&args),
        Command::Buffers(args) => commands::buffers::run(&args),
        Command::Mvm(args) => commands::mvm::run(&args),
        Command::Sweep(args) => commands::sweep::run(&args),
        Command::Attribute(args) => commands::attribute::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Plot(args) => commands::plot::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Study(args) => commands::study::run(&args),
        Command::Init(args) => commands::init::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Schema(args) => commands::schema::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
    }
}
