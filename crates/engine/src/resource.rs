//! Servers that do one thing at a time.

use rebias_units::{Bytes, Cycles};

use crate::{Busy, Tick};

/// One or several equal servers, each with one task at a time; tasks are served in order of arrival, by the server that
/// is free first.
///
/// The schedule is a recurrence: a task starts when it has arrived and a server is free. So [`Resource::serve`] answers
/// at once with the span that the task will get, and nothing has to be asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// When the first server is free; most resources have no other.
    first_free_at: Tick,
    others_free_at: Box<[Tick]>,
    busy: Cycles,
    #[cfg(debug_assertions)]
    last_arrival: Tick,
}

/// When a task is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First tick of service.
    pub start: Tick,
    /// First tick after it.
    pub end: Tick,
}

/// The ticks that it takes to move some bytes, `bits` in each tick.
///
/// # Panics
/// If nothing moves in a tick.
pub const fn ticks_to_move(bytes: Bytes, bits: u32) -> Cycles {
    Cycles((bytes.0 * 8).div_ceil(bits as u64))
}

/// The ticks that it takes `units` equal units to handle some values, each one in a tick.
///
/// # Panics
/// If there is no unit.
pub const fn ticks_to_handle(values: u64, units: u32) -> Cycles {
    Cycles(values.div_ceil(units as u64))
}

impl Resource {
    /// `servers` idle servers.
    ///
    /// # Panics
    /// If there is no server.
    pub fn new(servers: u32) -> Self {
        assert!(servers > 0, "a resource has at least one server");
        let others_free_at = vec![Tick::ZERO; servers as usize - 1].into_boxed_slice();
        Self {
            first_free_at: Tick::ZERO,
            others_free_at,
            busy: Cycles(0),
            #[cfg(debug_assertions)]
            last_arrival: Tick::ZERO,
        }
    }

    /// Serves a task that arrives at a tick and keeps a server for `duration` ticks.
    ///
    /// # Panics
    /// In debug builds, if an earlier call had a later arrival: order of calls is order of arrival.
    #[inline]
    pub fn serve(&mut self, arrival: Tick, duration: Cycles) -> Span {
        #[cfg(debug_assertions)]
        {
            assert!(arrival >= self.last_arrival, "tasks are served in order of arrival");
            self.last_arrival = arrival;
        }
        self.busy += duration;
        let free_at = self.first_free();
        let start = arrival.max(*free_at);
        let end = start + duration;
        *free_at = end;
        Span { start, end }
    }

    /// Serves a task at once, if a server is free.
    ///
    /// # Errors
    /// [`Busy`] with the duration if none is.
    pub fn try_serve(&mut self, now: Tick, duration: Cycles) -> Result<Span, Busy<Cycles>> {
        if *self.first_free() > now {
            return Err(Busy(duration));
        }
        Ok(self.serve(now, duration))
    }

    /// The number of servers.
    pub fn servers(&self) -> u32 {
        self.others_free_at.len() as u32 + 1
    }

    /// Ticks of service before a tick, of all servers together; the tick is not before the last arrival.
    ///
    /// A server that is not free at that tick works until it is, for its tasks have all arrived.
    pub fn busy_before(&self, tick: Tick) -> Cycles {
        let free_at = std::iter::once(&self.first_free_at).chain(&self.others_free_at);
        let ahead: Cycles = free_at.map(|&free| free.max(tick) - tick).sum();
        self.busy - ahead
    }

    /// When the server that is free first is free; of several the one with the lowest index.
    #[inline]
    fn first_free(&mut self) -> &mut Tick {
        let mut first = &mut self.first_free_at;
        for other in &mut self.others_free_at {
            if *other < *first {
                first = other;
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(start: u64, end: u64) -> Span {
        Span { start: Tick(start), end: Tick(end) }
    }

    #[test]
    fn a_task_that_arrives_when_the_server_becomes_free_does_not_wait_and_one_tick_earlier_it_does() {
        let mut on_time = Resource::new(1);
        assert_eq!(on_time.serve(Tick(0), Cycles(10)), span(0, 10));
        let mut early = on_time.clone();
        assert_eq!(on_time.serve(Tick(10), Cycles(5)), span(10, 15));
        assert_eq!(early.serve(Tick(9), Cycles(5)), span(10, 15));
        assert_eq!(early.busy_before(Tick(12)), Cycles(12));
        assert_eq!(early.busy_before(Tick(20)), Cycles(15));
    }

    #[test]
    fn a_task_one_tick_before_the_server_is_free_is_refused_and_on_time_accepted() {
        let mut resource = Resource::new(1);
        assert_eq!(resource.try_serve(Tick(0), Cycles(10)), Ok(span(0, 10)));
        let before = resource.clone();
        assert_eq!(resource.try_serve(Tick(9), Cycles(5)), Err(Busy(Cycles(5))));
        assert_eq!(resource, before);
        assert_eq!(resource.try_serve(Tick(10), Cycles(5)), Ok(span(10, 15)));
    }

    #[test]
    fn the_server_that_is_free_first_takes_the_task() {
        let mut pair = Resource::new(2);
        assert_eq!(pair.serve(Tick(0), Cycles(10)), span(0, 10));
        assert_eq!(pair.serve(Tick(1), Cycles(3)), span(1, 4));
        assert_eq!(pair.serve(Tick(2), Cycles(3)), span(4, 7));
        assert_eq!(pair.serve(Tick(2), Cycles(3)), span(7, 10));
    }

    /// Tasks as (gap after the arrival before, duration).
    fn schedule(servers: u32, tasks: &[(u64, u64)]) -> Vec<Span> {
        let mut resource = Resource::new(servers);
        let mut arrival = Tick::ZERO;
        tasks
            .iter()
            .map(|&(gap, duration)| {
                arrival = arrival + Cycles(gap);
                resource.serve(arrival, Cycles(duration))
            })
            .collect()
    }

    proptest! {
        #[test]
        fn prop_another_server_never_makes_a_task_later(
            servers in 1u32..5,
            tasks in prop::collection::vec((0u64..6, 0u64..12), 1..60),
        ) {
            let fewer = schedule(servers, &tasks);
            let more = schedule(servers + 1, &tasks);
            for (few, many) in fewer.iter().zip(&more) {
                prop_assert!(many.start <= few.start && many.end <= few.end);
            }
        }

        #[test]
        fn prop_tasks_start_in_order_of_arrival_and_never_more_at_once_than_servers(
            servers in 1u32..5,
            tasks in prop::collection::vec((0u64..6, 1u64..12), 1..60),
        ) {
            let spans = schedule(servers, &tasks);
            for pair in spans.windows(2) {
                prop_assert!(pair[0].start <= pair[1].start);
            }
            for one in &spans {
                let at_once = spans.iter().filter(|span| span.start <= one.start && one.start < span.end).count();
                prop_assert!(at_once <= servers as usize);
            }
        }
    }
}
