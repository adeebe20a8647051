//! What parts did and buffers held in the replay, as CSV.

use std::io::Write;

use rebias_network::Network;
use rebias_scheduler::{RunResult, Stall};

use crate::summary::rounded;

/// `parts.csv`: one row for each part; the shares of the measured time in which it worked, had to wait for something,
/// and had nothing to do add up to 1.
///
/// # Errors
/// What `out` says.
pub fn parts_csv(result: &RunResult, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let stalls = Stall::ALL.map(|stall| format!("stalled_by_{}", stall.name().replace(' ', "_")));
    let header = ["part", "kind", "busy"].map(str::to_owned).into_iter().chain(stalls).chain(["idle".to_owned()]);
    writer.write_record(header)?;
    let share = |ticks: u64| rounded(ticks as f64 / result.measured.0.max(1) as f64).to_string();
    for part in &result.parts {
        let ticks =
            |stall: &Stall| part.stalled.iter().find(|(found, _)| found == stall).map_or(0, |(_, ticks)| ticks.0);
        let stalled = Stall::ALL.iter().map(|stall| share(ticks(stall)));
        let row = [part.path.clone(), part.kind.name().to_owned(), share(part.busy.0)];
        writer.write_record(row.into_iter().chain(stalled).chain([share(part.idle.0)]))?;
    }
    writer.flush()?;
    Ok(())
}

/// `buffers.csv`: one row for each buffer, and one for each layer's input in an eDRAM.
///
/// # Errors
/// What `out` says.
pub fn buffers_csv(result: &RunResult, network: &Network, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["buffer", "layer", "capacity_bytes", "peak_bytes", "mean_bytes"])?;
    for buffer in &result.buffers {
        let layer = buffer.layer.map_or("", |layer| network.layer(layer).name());
        let [capacity, peak] = [buffer.capacity.0, buffer.peak.0].map(|bytes| bytes.to_string());
        writer.write_record([&buffer.path, layer, &capacity, &peak, &rounded(buffer.mean).to_string()])?;
    }
    writer.flush()?;
    Ok(())
}
