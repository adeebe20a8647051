//! How many images may be on their way, and when their interval is known.

use rebias_units::Cycles;

use super::ledger::Ledger;
use crate::replay::{Steadiness, Traffic, Until, Window};

/// Images after which a steady stream may repeat itself, at most.
const MAX_PERIOD: usize = 16;

/// Images that must come out as they go in, where a stream does not repeat itself.
const EVEN_IMAGES: usize = 3;

/// Images over which the mean interval of a stream must stay the same, where they do not.
const MEAN_IMAGES: usize = 8;

/// One part in so many by which intervals of a steady stream may differ: images are complete at boundaries of the cycle,
/// while the parts that set their pace work by a finer clock.
const TOLERANCE: u64 = 500;

/// Share of the interval in which the busiest part works that leaves nothing to gain from more images on their way.
const SATURATED: f64 = 0.99;

/// How far everything is when an image is complete.
#[derive(Clone, Debug)]
pub(super) struct Completion {
    /// The first cycle behind it.
    pub(super) cycle: u64,
    /// What the parts have done.
    pub(super) ledger: Ledger,
    /// Digest of how far every share, copy and buffer is, counted from the complete images on.
    pub(super) progress: u64,
}

/// Decides when the outside sends images, and measures how fast they come out.
///
/// ```text
///  image 0 alone │ then one every `spacing` cycles, at most `window` on their way │ steady
///                │ spacing: what the busiest part works for an image; widened to what comes out
/// ```
#[derive(Debug)]
pub(super) struct Pace {
    traffic: Traffic,
    /// Ticks of a chip cycle.
    period: Cycles,
    /// Images that may be on their way at once.
    window: u64,
    /// Cycles between images that are let in.
    spacing: u64,
    /// Images that have been let in.
    admitted: u64,
    /// The cycle from which the next may be.
    next_entry: u64,
    /// When images were complete, in order.
    completions: Vec<Completion>,
    /// The first of these that saw the present window.
    since: usize,
    /// Whether images have waited for the present window.
    is_window_full: bool,
    best: Option<Measured>,
    is_over: bool,
}

/// An interval and what it was taken from.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Cycles between images, rounded up.
    pub(super) interval: Cycles,
    /// The cycles of all images measured.
    pub(super) cycles: Cycles,
    /// What the parts did in these.
    pub(super) ledger: Ledger,
    pub(super) steadiness: Steadiness,
}

impl Pace {
    pub(super) fn new(traffic: Traffic, period: Cycles) -> Self {
        let (window, spacing, admitted) = match traffic.window {
            Window::Fixed(images) => (images, 0, images),
            Window::Paced { images, spacing } => (images, spacing, 0),
            Window::Fitted => (1, 0, 1),
        };
        Self {
            traffic,
            period,
            window,
            spacing,
            admitted,
            next_entry: 0,
            completions: Vec::new(),
            since: 0,
            is_window_full: false,
            best: None,
            is_over: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The first image that may not enter yet.
    pub(super) fn first_held_back(&self) -> u64 {
        match self.traffic.until {
            Until::Steady(_) => self.admitted,
            Until::Complete(images) => self.admitted.min(u64::from(images)),
        }
    }

    /// Lets images in whose time has come; returns the cycle in which to ask again, if that is known.
    pub(super) fn admit(&mut self, cycle: u64) -> Option<u64> {
        let limit = (self.completions.len() as u64).saturating_add(self.window);
        if self.spacing == 0 {
            self.admitted = limit;
            return None;
        }
        if cycle < self.next_entry {
            return None;
        }
        if self.admitted == limit {
            self.is_window_full = true;
            return None;
        }
        self.admitted += 1;
        self.next_entry = cycle + self.spacing;
        Some(self.next_entry)
    }

    /// The cycle behind which the first image was complete.
    pub(super) fn first_latency(&self) -> Cycles {
        Cycles(self.completions.first().map_or(0, |completion| completion.cycle))
    }

    /// Another image is complete.
    pub(super) fn image_done(&mut self, completion: Completion) {
        self.completions.push(completion);
        let n_complete = self.completions.len();
        if n_complete == 1 && self.traffic.window == Window::Fitted {
            self.fit();
        } else if let Some(period) = self.period_of_intervals() {
            if self.repeats_progress(period) {
                self.settle(period);
            } else {
                // What comes out at an even pace while more goes in is all that the chip can do.
                self.keep_pace(period);
            }
        }
        self.is_over = match self.traffic.until {
            Until::Steady(at_most) => self.is_over || n_complete >= at_most as usize || self.is_even(),
            Until::Complete(images) => n_complete >= images as usize,
        };
    }

    /// The window that the first image has shown to fit.
    pub(super) fn fitted(&self) -> Window {
        match self.traffic.window {
            Window::Fitted => Window::Paced { images: self.window, spacing: self.spacing },
            window @ (Window::Fixed(_) | Window::Paced { .. }) => window,
        }
    }

    /// The cycle behind which the last image was complete.
    pub(super) fn total(&self) -> Cycles {
        Cycles(self.completions.last().map_or(0, |completion| completion.cycle))
    }

    /// By Little's law, as many images as the first one's latency has room for if they come out as fast as its busiest
    /// part works; twice as many, as they will delay each other.
    fn fit(&mut self) {
        let Some(first) = self.completions.first() else { return };
        self.spacing = first.ledger.most_busy().div_ceil(self.period.0).max(1);
        self.window = 2 * first.cycle.div_ceil(self.spacing);
        self.since = 1;
    }

    fn keep_pace(&mut self, period: usize) {
        let last = self.completions.len() - 1;
        let cycles = self.completions[last].cycle - self.completions[last - period].cycle;
        self.spacing = self.spacing.max(cycles.div_ceil(period as u64));
    }

    /// The stream repeats itself: this is its interval, unless a wider window makes it shorter.
    fn settle(&mut self, period: usize) {
        let last = self.completions.len() - 1;
        let measured = self.measure(last - period, Steadiness::Steady { images: last as u32 + 1 });
        let gains = self.best.as_ref().is_none_or(|best| measured.interval < best.interval);
        let may_gain = self.is_window_full && measured.busiest_share(self.period) < SATURATED;
        if gains {
            self.best = Some(measured);
        }
        self.is_over = !gains || !may_gain || self.traffic.window != Window::Fitted;
        self.window = self.window.saturating_mul(2);
        self.is_window_full = false;
        self.since = self.completions.len();
    }

    /// Whether a stream that does not repeat itself, as packets and accesses meet in ever new order, is at least even:
    /// its last intervals are all that at which images go in, or it keeps its mean interval.
    fn is_even(&self) -> bool {
        let n_intervals = self.completions.len() - 1 - self.since.min(self.completions.len() - 1);
        let cycle = |image: usize| self.completions[image].cycle;
        let last = self.completions.len() - 1;
        let keeps_pace = |back: usize| agree(cycle(last - back) - cycle(last - back - 1), self.spacing);
        if n_intervals > EVEN_IMAGES && (0..EVEN_IMAGES).all(keeps_pace) {
            return true;
        }
        let (from, middle) = (last.saturating_sub(2 * MEAN_IMAGES), last.saturating_sub(MEAN_IMAGES));
        n_intervals >= 2 * MEAN_IMAGES && agree(cycle(middle) - cycle(from), cycle(last) - cycle(middle))
    }

    /// What the stream is measured to be: the best steady interval, or else the mean of the later half.
    pub(super) fn measured(&self) -> Measured {
        match &self.best {
            Some(best) => best.clone(),
            None => {
                let last = self.completions.len() - 1;
                self.measure(
                    last.saturating_sub(2 * EVEN_IMAGES).max(last / 2),
                    Steadiness::Unsteady { images: self.completions.len() as u32 },
                )
            }
        }
    }

    /// Images after which the intervals between completions repeat themselves, but for the rounding to cycles. The
    /// interval at which images go in needs no repetition.
    fn period_of_intervals(&self) -> Option<usize> {
        let last = self.completions.len() - 1;
        let interval = |image: usize| self.completions[image + 1].cycle - self.completions[image].cycle;
        let repeats = |&period: &usize| {
            let from = last.checked_sub(2 * period).filter(|&from| from >= self.since);
            from.is_some_and(|from| (from..from + period).all(|at| agree(interval(at), interval(at + period))))
        };
        if last > self.since && interval(last - 1) == self.spacing {
            return Some(1);
        }
        (1..=MAX_PERIOD).find(repeats)
    }

    /// Whether every share, copy and buffer is as far ahead of the complete images as it was a period before, so that
    /// nothing piles up.
    fn repeats_progress(&self, period: usize) -> bool {
        let last = self.completions.len() - 1;
        self.completions[last].progress == self.completions[last - period].progress
    }

    /// The interval of the images behind one.
    fn measure(&self, from: usize, steadiness: Steadiness) -> Measured {
        let last = self.completions.len() - 1;
        let (before, after) = (&self.completions[from], &self.completions[last]);
        if last == from {
            let (interval, ledger) = (self.first_latency(), after.ledger.clone());
            return Measured { interval, cycles: interval, ledger, steadiness };
        }
        let cycles = after.cycle - before.cycle;
        let interval = Cycles(cycles.div_ceil((last - from) as u64));
        Measured { interval, cycles: Cycles(cycles), ledger: after.ledger.since(&before.ledger), steadiness }
    }
}

/// Whether two intervals are the same but for [`TOLERANCE`].
fn agree(one: u64, other: u64) -> bool {
    one.abs_diff(other) * TOLERANCE <= one
}

impl Measured {
    /// The share of the time in which the busiest part works.
    fn busiest_share(&self, period: Cycles) -> f64 {
        self.ledger.most_busy() as f64 / (self.cycles.0 * period.0).max(1) as f64
    }
}
