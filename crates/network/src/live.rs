//! What layers have given and later ones still read.

use crate::Network;
use crate::layer::{LayerId, LayerInput};

/// Maps that are still to be read, in whatever form `M` a run holds them: a map goes with its last reader.
#[derive(Clone, Debug)]
pub struct LiveMaps<M> {
    /// The network's input, then the layers' outputs; each with how often it will be read.
    maps: Vec<(Option<M>, usize)>,
}

impl<M: Clone> LiveMaps<M> {
    /// The network's input, before the first layer runs.
    pub fn new(network: &Network, input: M) -> Self {
        let mut maps = vec![(None, 0); network.layers().len() + 1];
        maps[0].0 = Some(input);
        for input in network.layers().iter().flat_map(|layer| layer.inputs()) {
            maps[place(input)].1 += 1;
        }
        Self { maps }
    }

    /// What a layer reads; the last to read it takes it away.
    ///
    /// # Panics
    ///
    /// If it has not been written, or is read more often than the network's layers do.
    pub fn read(&mut self, input: LayerInput) -> M {
        let (map, left) = &mut self.maps[place(input)];
        *left -= 1;
        let found = if *left == 0 { map.take() } else { map.clone() };
        match found {
            Some(map) => map,
            None => unreachable!("layers run in order, and read earlier ones as often as was counted"),
        }
    }

    /// What a layer gives.
    ///
    /// # Panics
    ///
    /// If the network has no such layer.
    pub fn write(&mut self, layer: LayerId, map: M) {
        self.maps[place(LayerInput::Layer(layer))].0 = Some(map);
    }
}

fn place(input: LayerInput) -> usize {
    match input {
        LayerInput::Network => 0,
        LayerInput::Layer(LayerId(layer)) => layer + 1,
    }
}
