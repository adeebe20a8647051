//! Replays by hand.

mod chart;
mod charts;
mod digital;
mod nets;
mod properties;
mod rules;

use rebias_arch::Arch;
use rebias_network::Network;

use super::*;
use chart::Chart;

/// Replays a stream as dense as the buffers allow, and draws the first cycles.
fn charted(network: &Network, arch: &Arch, n_cycles: usize) -> (ReplayResult, String) {
    let placement = rebias_mapper::map(network, arch).expect("the network fits");
    let mut chart = Chart::default();
    let plan = Plan::new(network, arch, &placement, Schedule::InterLayer);
    let dense = Traffic { until: Until::Steady(64), window: Window::Fixed(u64::MAX) };
    let result = Sim::new(&plan, arch, dense, &mut chart).and_then(Sim::run).expect("it runs").summarise();
    (result, chart.render(arch.chip().ticks_per_cycle, n_cycles))
}

fn replayed(network: &Network, arch: &Arch) -> Result<ReplayResult, ReplayError> {
    let placement = rebias_mapper::map(network, arch).expect("the network fits");
    replay(network, arch, &placement, &ReplayOptions::DEFAULT)
}
