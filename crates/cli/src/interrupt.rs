//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::{Failure, INTERRUPTED};

/// A flag that the first of the signals sets.
pub(crate) fn requested() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let register = |signal| -> io::Result<()> {
        // In this order: it acts only if the flag has been set by a signal before.
        flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
        Ok(())
    };
    [SIGINT, SIGTERM].into_iter().try_for_each(register).map_err(|error| Failure::Run(error.to_string()))?;
    Ok(stop)
}
