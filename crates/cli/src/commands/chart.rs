//! Charts of tables that are just being written.

use rebias_plot::{Data, Refusal, Spec};

use super::plot::refused;
use crate::failure::Failure;

/// The SVG of a table that is known to be right.
pub(super) fn svg(csv: &[u8], spec: impl FnOnce(&Data) -> Result<Spec, Refusal>) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Run(error.to_string());
    let data = Data::parse("the table", &String::from_utf8_lossy(csv)).map_err(|error| failed(&error))?;
    let spec = spec(&data).map_err(refused)?;
    let chart = spec.chart(&data).map_err(refused)?;
    chart.svg(spec.size(&chart)).map_err(|error| failed(&error))
}
