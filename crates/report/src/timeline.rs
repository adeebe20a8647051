//! A replay as a timeline that opens in Perfetto or Chrome: tiles are processes, parts are threads.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rebias_arch::Arch;
use rebias_engine::{Span, Tick};
use rebias_network::Network;
use rebias_scheduler::{Buffer, Recorder, Stage, Work};
use rebias_units::Bytes;
use serde_json::json;

/// Spans that a timeline keeps at most: about 40 MB of JSON.
const MAX_SPANS: usize = 300_000;
/// When no position but the first is kept.
const SPARSEST: u64 = 1 << (u64::BITS - 1);

/// Spans of work, collected from a replay.
///
/// While there are few, all are kept. When there are too many, only those of every second position of each layer (all
/// images in a row) stay, then of every fourth, and so on; the file says of which.
#[derive(Clone, Debug)]
pub struct Timeline {
    max_spans: usize,
    /// Positions that are multiples of this are kept.
    every: u64,
    spans: Vec<(Work, Span)>,
}

/// A row of the timeline: a tile, a part of it, and which of several such rows if its work overlaps.
type Track = (u32, Part, usize);

/// A part of a tile, in the order of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Edram,
    Bus,
    Arrays(u32),
    Adcs(u32),
    ShiftAdds(u32),
    TileShiftAdds,
    Activations,
    MaxPools,
    Network,
}

impl Part {
    /// The part that does a piece of work.
    fn of(work: &Work) -> Self {
        let ima = work.ima.unwrap_or(0);
        match work.stage {
            Stage::Fill | Stage::EdramRead | Stage::EdramWrite => Self::Edram,
            Stage::InputTransfer | Stage::SumTransfer => Self::Bus,
            Stage::CrossbarRead => Self::Arrays(ima),
            Stage::Conversion => Self::Adcs(ima),
            Stage::ShiftAdd => Self::ShiftAdds(ima),
            Stage::TileShiftAdd => Self::TileShiftAdds,
            Stage::Activation => Self::Activations,
            Stage::MaxPool => Self::MaxPools,
            Stage::Network => Self::Network,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Edram => "Edram".to_owned(),
            Self::Bus => "Bus".to_owned(),
            Self::Arrays(ima) => format!("Ima[{ima}].Crossbars"),
            Self::Adcs(ima) => format!("Ima[{ima}].Adcs"),
            Self::ShiftAdds(ima) => format!("Ima[{ima}].ShiftAdds"),
            Self::TileShiftAdds => "ShiftAdds".to_owned(),
            Self::Activations => "Activations".to_owned(),
            Self::MaxPools => "MaxPools".to_owned(),
            Self::Network => "Port".to_owned(),
        }
    }
}

impl Recorder for Timeline {
    fn work(&mut self, work: Work, span: Span) {
        while work.position.is_multiple_of(self.every) {
            if self.spans.len() < self.max_spans {
                self.spans.push((work, span));
                return;
            }
            // Where those of the first positions alone are too many, the later ones are left out.
            let Some(every) = self.every.checked_mul(2) else { return };
            self.every = every;
            self.spans.retain(|(work, _)| work.position.is_multiple_of(every));
        }
    }

    fn held(&mut self, _tile: u32, _buffer: Buffer, _tick: Tick, _bytes: Bytes) {}
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// An empty timeline, whose file stays below 50 MB, unless names of layers have many tens of letters.
    pub const fn new() -> Self {
        Self { max_spans: MAX_SPANS, every: 1, spans: Vec::new() }
    }

    /// Writes the timeline in Chrome's trace format: complete events with times in microseconds.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, network: &Network, arch: &Arch, mut out: impl Write) -> io::Result<()> {
        // Whole nanoseconds: Perfetto's clock knows nothing finer, and drops spans that overlap once it has rounded them.
        let nanoseconds = |tick: Tick| (tick.0 as f64 * arch.chip().tick_time().nanoseconds()).round() as u64;
        let microseconds = |ns: u64| format!("{}.{:03}", ns / 1000, ns % 1000);
        let sampled = match self.every {
            1 => "every position of every layer".to_owned(),
            SPARSEST => format!("the first {} spans of the first position of each layer", self.max_spans),
            every => format!("positions of each layer, counted over all images, that are multiples of {every}"),
        };
        let about = json!({ "network": network.name(), "architecture": arch.name(), "shown": sampled });
        write!(out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":{about},\"traceEvents\":[")?;
        let (tracks, places) = self.tracks();
        let mut separator = "";
        for (&(tile, part, row), &thread) in &tracks {
            let name = if row == 0 { part.name() } else { format!("{} ({})", part.name(), row + 1) };
            for (kind, name) in [("process_name", format!("Tile[{tile}]")), ("thread_name", name)] {
                let event = json!({ "name": kind, "ph": "M", "pid": tile, "tid": thread, "args": { "name": name } });
                write!(out, "{separator}\n{event}")?;
                separator = ",";
            }
        }
        for ((work, span), track) in self.spans.iter().zip(places) {
            let (start, end) = (nanoseconds(span.start), nanoseconds(span.end));
            // Names are letters, digits, `-` and `_`.
            write!(
                out,
                "{separator}\n{{\"name\":\"{} {}\",\"ph\":\"X\",\"pid\":{},\"tid\":{},\"ts\":{},\"dur\":{},\
                 \"args\":{{\"image\":{},\"position\":{}}}}}",
                network.layer(work.layer).name(),
                work.stage.name(),
                work.tile,
                tracks[&track],
                microseconds(start),
                microseconds(end - start),
                work.image,
                work.position,
            )?;
            separator = ",";
        }
        out.write_all(b"\n]}\n")
    }

    /// The rows with their numbers, and the row of each span: the first of its part that is free when it starts.
    fn tracks(&self) -> (BTreeMap<Track, usize>, Vec<Track>) {
        let mut order: Vec<usize> = (0..self.spans.len()).collect();
        order.sort_by_key(|&place| self.spans[place].1.start);
        let mut free_from: BTreeMap<(u32, Part), Vec<Tick>> = BTreeMap::new();
        let mut places = vec![(0, Part::Edram, 0); self.spans.len()];
        for place in order {
            let (work, span) = &self.spans[place];
            let part = Part::of(work);
            let rows = free_from.entry((work.tile, part)).or_default();
            let row = rows.iter().position(|&free| free <= span.start).unwrap_or(rows.len());
            if row == rows.len() {
                rows.push(span.end);
            }
            rows[row] = span.end;
            places[place] = (work.tile, part, row);
        }
        let all = free_from.iter().flat_map(|(&(tile, part), rows)| (0..rows.len()).map(move |row| (tile, part, row)));
        (all.zip(1..).collect(), places)
    }
}

#[cfg(test)]
mod tests {
    use rebias_arch::testing::toy;
    use rebias_network::LayerId;
    use rebias_network::testing::{RandomNetwork, random_network};
    use rebias_scheduler::{ReplayOptions, replay_recorded};

    use super::*;

    fn span(start: u64, end: u64) -> Span {
        Span { start: Tick(start), end: Tick(end) }
    }

    fn work(position: u64) -> Work {
        Work { stage: Stage::EdramRead, tile: 0, ima: None, layer: LayerId(0), image: 0, position }
    }

    #[test]
    fn every_second_position_stays_when_there_are_too_many() {
        let mut timeline = Timeline { max_spans: 4, every: 1, spans: Vec::new() };
        for position in 0..9 {
            timeline.work(work(position), span(position, position + 1));
        }
        let kept: Vec<_> = timeline.spans.iter().map(|(work, _)| work.position).collect();
        assert_eq!((timeline.every, kept), (4, vec![0, 4, 8]));
    }

    #[test]
    fn of_a_first_position_with_too_much_work_the_first_spans_stay() {
        let mut timeline = Timeline { max_spans: 4, ..Timeline::new() };
        for start in 0..9 {
            timeline.work(work(0), span(start, start + 1));
        }
        timeline.work(work(8), span(9, 10));
        let kept: Vec<_> = timeline.spans.iter().map(|(_, span)| span.start.0).collect();
        assert_eq!(kept, [0, 1, 2, 3]);
        let about = "the first 4 spans of the first position of each layer";
        assert_eq!(written(&timeline)["otherData"]["shown"], about);
    }

    /// Counts bytes.
    #[derive(Default)]
    struct Length(usize);

    impl Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn however_much_work_there_is_the_file_stays_below_fifty_megabytes() {
        // More work than VGG-19 has on maps of 224 x 224 pixels, with numbers as long: 64 images of 50,176 positions, in
        // 2016 IMAs of 168 tiles, over 100 ms of a clock of nanoseconds.
        let mut timeline = Timeline::new();
        for number in 0..64 * 50_176 {
            let (tile, ima) = ((number % 168) as u32, Some((number % 12) as u32));
            let work = Work { stage: Stage::InputTransfer, tile, ima, image: 63, ..work(number) };
            timeline.work(work, span(30 * number, 30 * number + 999));
        }
        assert!(timeline.spans.len() > MAX_SPANS / 2, "room is used: {}", timeline.spans.len());
        let network = random_network(1, &RandomNetwork::default());
        let mut length = Length::default();
        timeline.write(&network, &toy(), &mut length).expect("nothing is kept");
        assert!(length.0 < 50_000_000, "{} bytes", length.0);
        // Nor with as many spans as it ever keeps, of the longest numbers.
        let longest = |(work, span): (Work, Span)| (Work { tile: 9999, position: u64::MAX, ..work }, span);
        timeline.spans = timeline.spans.into_iter().cycle().take(MAX_SPANS).map(longest).collect();
        let mut length = Length::default();
        timeline.write(&network, &toy(), &mut length).expect("nothing is kept");
        assert!(length.0 < 50_000_000, "{} bytes", length.0);
    }

    #[test]
    fn work_that_overlaps_has_rows_of_its_own() {
        let mut timeline = Timeline::new();
        for (start, end) in [(0, 4), (2, 5), (4, 6), (5, 7)] {
            timeline.work(work(start), span(start, end));
        }
        let (tracks, places) = timeline.tracks();
        let rows: Vec<_> = places.iter().map(|&(_, _, row)| row).collect();
        assert_eq!((tracks.len(), rows), (2, vec![0, 1, 0, 1]));
    }

    /// A timeline, read back.
    fn written(timeline: &Timeline) -> serde_json::Value {
        let mut text = Vec::new();
        timeline.write(&random_network(1, &RandomNetwork::default()), &toy(), &mut text).expect("memory takes it");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    /// A small network's timeline, read back.
    fn replayed() -> serde_json::Value {
        let (network, arch) = (random_network(1, &RandomNetwork::default()), toy());
        let placement = rebias_mapper::map(&network, &arch).expect("it fits");
        let mut timeline = Timeline::new();
        replay_recorded(&network, &arch, &placement, &ReplayOptions::DEFAULT, &mut timeline).expect("it runs");
        written(&timeline)
    }

    /// The process and the thread of an event, which are whole numbers; thread 0 would be that of an idle machine.
    fn row(event: &serde_json::Value) -> (u64, u64) {
        let thread = event["tid"].as_u64().filter(|&thread| thread > 0);
        event["pid"].as_u64().zip(thread).unwrap_or_else(|| panic!("{event} has a process and a thread"))
    }

    #[test]
    fn a_timeline_keeps_the_rules_of_the_trace_event_format() {
        let json = replayed();
        assert_eq!(json["displayTimeUnit"], "ns");
        let (mut processes, mut threads) = (BTreeMap::new(), BTreeMap::new());
        let mut spans: BTreeMap<_, Vec<(u64, u64)>> = BTreeMap::new();
        for event in json["traceEvents"].as_array().expect("an array") {
            let (process, thread) = row(event);
            match (event["ph"].as_str(), event["name"].as_str()) {
                (Some("M"), Some("process_name")) => {
                    let name = processes.entry(process).or_insert_with(|| event["args"]["name"].clone());
                    assert_eq!(*name, event["args"]["name"], "a process has one name");
                }
                (Some("M"), Some("thread_name")) => {
                    let before = threads.insert(thread, (process, event["args"]["name"].clone()));
                    assert_eq!(before, None, "a thread has one process and one name");
                }
                (Some("X"), Some(name)) => {
                    assert!(!name.is_empty() && event["args"].is_object(), "{event}");
                    let time = |key: &str| event[key].as_f64().map(|us| (us * 1000.0).round() as u64);
                    let (start, length) = time("ts").zip(time("dur")).expect("a span has a start and a length");
                    spans.entry((process, thread)).or_default().push((start, start + length));
                }
                _ => panic!("{event} is neither a name nor a span"),
            }
        }
        assert!(processes.values().chain(threads.values().map(|(_, name)| name)).all(serde_json::Value::is_string));
        let named: Vec<_> = threads.iter().map(|(&thread, &(process, _))| (process, thread)).collect();
        let mut worked: Vec<_> = spans.keys().copied().collect();
        worked.sort_by_key(|&(_, thread)| thread);
        assert_eq!(worked, named, "each thread has a name and each name a thread");
        for (row, spans) in &mut spans {
            spans.sort_unstable();
            assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "work of thread {row:?} overlaps");
        }
    }

    #[test]
    fn a_timeline_says_what_it_shows() {
        let json = replayed();
        assert_eq!(json["otherData"]["shown"], "every position of every layer");
        assert!(json["traceEvents"].as_array().is_some_and(|events| events.len() > 100));
    }
}
