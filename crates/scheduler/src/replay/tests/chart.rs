//! A replay as a picture: one row a part, one column a chip cycle.

use std::collections::BTreeMap;

use rebias_engine::{Span, Tick};
use rebias_network::LayerId;
use rebias_units::{Bytes, Cycles};

use crate::replay::record::{Buffer, Recorder, Stage, Work};

/// Remembers who works when.
#[derive(Default)]
pub(super) struct Chart {
    work: Vec<(Work, Span)>,
}

impl Recorder for Chart {
    fn work(&mut self, work: Work, span: Span) {
        self.work.push((work, span));
    }

    fn held(&mut self, _tile: u32, _buffer: Buffer, _tick: Tick, _bytes: Bytes) {}
}

impl Chart {
    /// The first `n_cycles` cycles. A digit is the position worked on (its last digit), `+` several positions in one
    /// cycle, `·` none.
    pub(super) fn render(&self, period: Cycles, n_cycles: usize) -> String {
        let mut rows: BTreeMap<(LayerId, u32, Stage, Option<u32>), Vec<char>> = BTreeMap::new();
        let mut positions = BTreeMap::new();
        // What the outside does is no stage of the pipeline.
        for (work, span) in self.work.iter().filter(|(work, _)| work.stage != Stage::Fill) {
            let key = (work.layer, work.tile, work.stage, work.ima);
            let row = rows.entry(key).or_insert_with(|| vec!['·'; n_cycles]);
            let first = (span.start.0 / period.0) as usize;
            let behind = (span.end.0.div_ceil(period.0) as usize).max(first + 1);
            let digit = char::from_digit((work.position % 10) as u32, 10).unwrap_or('?');
            for (cycle, cell) in row.iter_mut().enumerate().take(behind).skip(first) {
                let seen = positions.insert((key, cycle), work.position);
                *cell = if seen.is_some_and(|seen| seen != work.position) { '+' } else { digit };
            }
        }
        let header = |column: &dyn Fn(usize) -> String| (1..=n_cycles).map(column).collect::<String>();
        let tens = header(&|cycle| {
            if cycle % 10 == 0 { (cycle / 10 % 10).to_string() } else { " ".to_owned() }
        });
        let mut chart = format!("{:27}{tens}", "").trim_end().to_owned() + "\n";
        chart += &format!("{:27}{}\n", "layer, place, stage", header(&|cycle| (cycle % 10).to_string()));
        for ((layer, tile, stage, ima), row) in rows {
            let place = ima.map_or(format!("tile {tile}"), |ima| format!("tile {tile} IMA {ima}"));
            chart += &format!("{} {place:13}{:12}{}\n", layer.0, stage.name(), row.into_iter().collect::<String>());
        }
        chart
    }
}
