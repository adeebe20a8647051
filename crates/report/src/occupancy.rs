//! What buffers hold in the course of a replay.

use std::collections::BTreeMap;
use std::io::Write;

use rebias_engine::{Span, Tick};
use rebias_network::Network;
use rebias_scheduler::{Buffer, Recorder, Work};
use rebias_units::{Bytes, Cycles};

/// Rows that a series has at most.
const MAX_ROWS: usize = 500_000;

/// The contents of all buffers over time, collected from a replay.
///
/// A row says what a buffer holds at the end of a cycle in which that has changed. When rows become too many, only every
/// second cycle is looked at, then every fourth, and so on; the distances of the rows tell.
#[derive(Clone, Debug)]
pub struct Occupancy {
    max_rows: usize,
    /// Ticks of a chip cycle.
    period: Cycles,
    /// Cycles between looks.
    every: u64,
    n_rows: usize,
    /// For each buffer, the looks since which it holds what.
    series: BTreeMap<(u32, Buffer), Vec<(u64, Bytes)>>,
}

impl Recorder for Occupancy {
    fn work(&mut self, _work: Work, _span: Span) {}

    fn held(&mut self, tile: u32, buffer: Buffer, tick: Tick, bytes: Bytes) {
        let look = tick.0 / self.period.0 / self.every;
        let rows = self.series.entry((tile, buffer)).or_default();
        match rows.last_mut() {
            Some(last) if last.0 == look => last.1 = bytes,
            _ => {
                rows.push((look, bytes));
                self.n_rows += 1;
            }
        }
        if self.n_rows > self.max_rows {
            self.thin();
        }
    }
}

impl Occupancy {
    /// An empty series; `ticks_per_cycle` are those of the chip.
    pub const fn new(ticks_per_cycle: Cycles) -> Self {
        Self { max_rows: MAX_ROWS, period: ticks_per_cycle, every: 1, n_rows: 0, series: BTreeMap::new() }
    }

    /// `occupancy.csv`: rows in order of tile, buffer and cycle; buffers are `edram` as a whole, `edram:LAYER` for a
    /// layer's input in it, and `input-register:IMA`.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, network: &Network, out: impl Write) -> csv::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(["tile", "buffer", "cycle", "bytes"])?;
        for (&(tile, buffer), rows) in &self.series {
            let buffer = match buffer {
                Buffer::Edram => "edram".to_owned(),
                Buffer::Map(layer) => format!("edram:{}", network.layer(layer).name()),
                Buffer::InputRegister(ima) => format!("input-register:{ima}"),
            };
            for (look, bytes) in rows {
                let cycle = (look + 1) * self.every - 1;
                writer.write_record([&tile.to_string(), &buffer, &cycle.to_string(), &bytes.0.to_string()])?;
            }
        }
        writer.flush()?;
        Ok(())
    }

    /// Looks half as often.
    fn thin(&mut self) {
        self.every *= 2;
        for rows in self.series.values_mut() {
            let mut kept: Vec<(u64, Bytes)> = Vec::with_capacity(rows.len() / 2 + 1);
            for &(look, bytes) in rows.iter() {
                match kept.last_mut() {
                    Some(last) if last.0 == look / 2 => last.1 = bytes,
                    _ => kept.push((look / 2, bytes)),
                }
            }
            *rows = kept;
        }
        self.n_rows = self.series.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_is_held_at_the_end_of_a_look() {
        let mut occupancy = Occupancy { max_rows: 3, ..Occupancy::new(Cycles(10)) };
        for (tick, bytes) in [(0, 4), (9, 6), (10, 8), (25, 2), (31, 0)] {
            occupancy.held(0, Buffer::InputRegister(2), Tick(tick), Bytes(bytes));
        }
        let mut text = Vec::new();
        let network = rebias_network::testing::random_network(0, &rebias_network::testing::RandomNetwork::default());
        occupancy.write(&network, &mut text).expect("memory takes it");
        // Four rows were one too many: cycles 0 and 1 make a look, and 2 and 3.
        let expected = "tile,buffer,cycle,bytes\n0,input-register:2,1,8\n0,input-register:2,3,0\n";
        assert_eq!(String::from_utf8(text).expect("it is text"), expected);
    }
}
