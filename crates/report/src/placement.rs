//! A placement as a table for people.

use rebias_arch::{Arch, Replication, TilePlacement};
use rebias_mapper::{LayerPlacement, Placement, TrafficMatrix};
use rebias_network::Network;

use crate::text::{percent, table};

/// Where each layer stands, and what it uses of its arrays.
pub fn placement_text(network: &Network, arch: &Arch, placement: &Placement) -> String {
    let header = ["layer", "matrix", "slices", "copies", "arrays a copy", "crossbars", "IMAs", "used", "first", "last"];
    let mut table = table(&header);
    for placed in placement.layers() {
        let layer = network.layer(placed.layer);
        let imas = imas(placed);
        table.add_row(vec![
            layer.name().to_owned(),
            format!("{} × {}", layer.rows(), layer.out_shape().channels),
            placed.slicing.n_weight_slices().to_string(),
            placed.replicas.len().to_string(),
            format!("{} × {}", placed.row_blocks.len(), placed.column_blocks.len()),
            placed.n_crossbars().to_string(),
            imas.len().to_string(),
            percent(placed.utilisation(arch), 1),
            imas.first().cloned().unwrap_or_default(),
            imas.last().cloned().unwrap_or_default(),
        ]);
    }
    let mapping = arch.mapping();
    let replication = match mapping.replication {
        Replication::None => "none".to_owned(),
        Replication::Balanced => "balanced".to_owned(),
        Replication::Target { crossbars } => format!("target of {crossbars} crossbars"),
    };
    let tiles = match mapping.placement {
        TilePlacement::InOrder => "in order",
        TilePlacement::ByTraffic => "by traffic",
    };
    format!(
        "{} on {}\n\n{table}\n\n{} crossbars in {} IMAs of {} of {} tiles; {} of their cells used\n\
         replication: {replication}; tiles: {tiles}; {} bytes × hops an image\n",
        network.name(),
        arch.name(),
        placement.n_crossbars(),
        placement.n_imas(),
        placement.n_tiles(),
        arch.n_tiles(),
        percent(placement.utilisation(arch), 1),
        TrafficMatrix::new(network, arch, placement).byte_hops(arch),
    )
}

/// Paths of the IMAs that hold a layer, in order.
fn imas(placed: &LayerPlacement) -> Vec<String> {
    let mut ids: Vec<_> = placed.replicas.iter().flat_map(|replica| &replica.arrays).map(|array| array.ima).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.iter().map(|id| format!("Tile[{}].Ima[{}]", id.tile.0, id.ima)).collect()
}
