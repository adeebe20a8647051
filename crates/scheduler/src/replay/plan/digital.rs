//! Layers without weights: sums of codes on a tile's shift-and-add units, and what the outside takes.

use std::rc::Rc;

use rebias_engine::Divisor;
use rebias_network::{Layer, LayerId, LayerInput, Op, Window};
use rebias_units::Bytes;

use super::build::Builder;
use super::{
    AdderIdx, AdderPlan, BufferIdx, InputMap, LayerIdx, LayerKind, LayerPlan, Output, Plan, ReplicaIdx, ReplicaPlan,
    Role, Source, TileIdx, Turns,
};

impl Builder<'_> {
    /// Adds an addition or a sum pool: it has its home where its first input is finished.
    pub(super) fn add_sum(&mut self, id: LayerId, layer: &Layer, window: Window) {
        let bits = self.network.output_codes(id).map_or(0, |format| format.bits);
        let output = Output::Codes { bits };
        let inputs: Vec<_> =
            layer.inputs().map(|input| Rc::new(InputMap::new(self.network, layer, input, window))).collect();
        let shape = layer.out_shape();
        let n_channels = shape.channels as u64;
        let terms = match inputs.len() {
            1 => inputs[0].areas(shape, window),
            n_maps => vec![n_maps as u32; shape.positions()],
        };
        let layer_idx = LayerIdx::new(self.plan.layers.len());
        let tile = self.home_of(&inputs);
        let replica = ReplicaIdx::new(self.plan.replicas.len());
        self.plan.layers.push(LayerPlan {
            id,
            name: layer.name().to_owned(),
            n_positions: shape.positions() as u64,
            kind: LayerKind::Summed,
            inputs,
            replicas: vec![replica],
            buffers: Vec::new(),
            output,
            bias_multiplies: 0,
            role: Role::Last,
        });
        self.plan.replicas.push(ReplicaPlan {
            layer: layer_idx,
            turns: Turns { first: 0, stride: 1, per_image: Divisor::new(shape.positions() as u32) },
            parts: Vec::new(),
            shares: Vec::new(),
            adder: Some(AdderIdx::new(self.plan.adders.len())),
            depth: 1,
            departures: 0,
        });
        let part = self.add_part(replica, tile, 0);
        self.plan.parts[part.at()].n_outputs = n_channels as u32;
        self.homes[part.at()].push(0..shape.channels);
        self.sums_of_part.push(output.bytes(n_channels));
        let in_bits = self.network.input_codes(id).bits;
        let n_maps = self.plan.layers[layer_idx.at()].inputs.len();
        let buffers = (0..n_maps).map(|operand| self.whole_buffer((layer_idx, operand), tile, in_bits)).collect();
        for &buffer in &buffers as &Vec<BufferIdx> {
            self.plan.buffers[buffer.at()].adder = Some(AdderIdx::new(self.plan.adders.len()));
        }
        let bytes_per_term = super::bytes_of(n_channels, in_bits);
        self.plan.adders.push(AdderPlan { layer: layer_idx, replica, part, tile, buffers, terms, bytes_per_term });
    }

    /// Lets the outside take pooled outputs that no layer reads from where they are made.
    pub(super) fn take_last_maps(&mut self) {
        let is_read = |id: LayerId| {
            self.network.layers().iter().any(|layer| layer.inputs().any(|input| input == LayerInput::Layer(id)))
        };
        let pools = self.network.layers_with_ids().filter(|(_, layer)| matches!(layer.op(), Op::MaxPool(_)));
        let unread: Vec<_> = pools.filter(|(id, _)| !is_read(*id)).collect();
        for (id, pool) in unread {
            let input = Rc::new(InputMap::taken(self.network, id));
            let tile = self.home_of(std::slice::from_ref(&input));
            let bits = self.network.output_codes(id).map_or(0, |format| format.bits);
            let layer = LayerIdx::new(self.plan.layers.len());
            self.plan.layers.push(LayerPlan {
                id,
                name: pool.name().to_owned(),
                n_positions: input.n_pixels as u64,
                kind: LayerKind::Taken,
                inputs: vec![input],
                replicas: Vec::new(),
                buffers: Vec::new(),
                output: Output::Codes { bits },
                bias_multiplies: 0,
                role: Role::Last,
            });
            self.whole_buffer((layer, 0), tile, bits);
        }
    }

    /// A buffer that keeps all channels of a map.
    fn whole_buffer(&mut self, (layer, operand): (LayerIdx, usize), tile: TileIdx, bits: u32) -> BufferIdx {
        let buffer = self.plan.add_buffer((layer, operand), tile, &mut self.channels_of_buffer);
        self.channels_of_buffer[buffer.at()].fill(true);
        let n_channels = self.plan.layers[layer.at()].inputs[operand].n_channels as u64;
        let plan = &mut self.plan.buffers[buffer.at()];
        (plan.n_channels, plan.slot) = (n_channels, super::bytes_of(n_channels, bits));
        buffer
    }

    /// The tile on which the last part of the first input that is no image is finished; the first tile if all are.
    fn home_of(&mut self, inputs: &[Rc<InputMap>]) -> TileIdx {
        let made = inputs.iter().find_map(|input| {
            let Source::Layer(id) = input.source else { return None };
            let producer = self.plan.layers.iter().find(|layer| layer.id == id)?;
            let copy = &self.plan.replicas[producer.replicas.first()?.at()];
            copy.parts.iter().rev().map(|part| &self.plan.parts[part.at()]).find(|part| part.n_outputs > 0)
        });
        match made {
            Some(part) => part.tile,
            None => self.tile(0),
        }
    }
}

impl Plan {
    /// The layer that makes a map which another reads; `None` for the network's input.
    pub(in crate::replay) fn source(&self, reader: LayerIdx, operand: usize) -> Option<LayerIdx> {
        match self.layers[reader.at()].inputs[operand].source {
            Source::Network => None,
            Source::Layer(id) => self.layers.iter().position(|layer| layer.id == id).map(LayerIdx::new),
        }
    }
}

impl AdderPlan {
    /// Bytes that a position reads.
    pub(in crate::replay) fn read(&self, position: u64) -> Bytes {
        Bytes(self.bytes_per_term.0 * u64::from(self.terms[position as usize]))
    }
}
