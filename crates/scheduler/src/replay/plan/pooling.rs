//! Max-pools between a layer and the buffers of those who read it: which pixels a code enters.

use rebias_engine::Divisor;
use rebias_network::Window;

/// The max-pooling between a source and a map; pools one behind the other are one pool with a larger window.
#[derive(Clone, Debug)]
pub(crate) struct Pooling {
    rows: Axis,
    columns: Axis,
    /// Columns of the source and of the map.
    width: (Divisor, Divisor),
}

/// One direction of a pooling, worked out place by place.
#[derive(Clone, Debug)]
struct Axis {
    /// For each place of the source, the windows that cover it.
    covered: Vec<Covered>,
    /// For each window, the places that it covers.
    n_places: Vec<u32>,
}

/// Windows that cover a place along one direction: from the first to behind the last, and those that begin there.
#[derive(Clone, Copy, Debug)]
struct Covered {
    first: u32,
    behind: u32,
    n_begun: u32,
}

/// A rectangle of pixels that a source pixel enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entered {
    /// The first of them.
    pub(crate) first: u32,
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    /// Pixels whose window the source pixel is the first of.
    n_first: u32,
}

impl Entered {
    pub(crate) fn one(pixel: u32) -> Self {
        Self { first: pixel, rows: 1, columns: 1, n_first: 1 }
    }

    /// The pixels in raster order, on a map of some columns.
    pub(crate) fn pixels(self, width: u32) -> impl Iterator<Item = u32> {
        let of_row = move |row| (self.first + row * width..).take(self.columns as usize);
        (0..self.rows).flat_map(of_row)
    }

    /// How many there are.
    pub(crate) fn n_pixels(self) -> u64 {
        u64::from(self.rows * self.columns)
    }

    /// How many of them have been entered before by another source pixel.
    pub(crate) fn n_resumed(self) -> u64 {
        self.n_pixels() - u64::from(self.n_first)
    }

    /// The last of them, on a map of some columns; `None` if the source pixel falls between windows.
    pub(crate) fn last(self, width: u32) -> Option<u32> {
        (self.n_pixels() > 0).then(|| self.first + (self.rows - 1) * width + self.columns - 1)
    }
}

impl Pooling {
    /// A window that slides over a source of some rows and columns and gives a map of some rows and columns.
    pub(crate) fn new(window: Window, from: (usize, usize), to: (usize, usize)) -> Self {
        let Window { height, width, stride, padding } = window;
        Self {
            rows: Axis::new(height, (stride, padding), from.0, to.0),
            columns: Axis::new(width, (stride, padding), from.1, to.1),
            width: (Divisor::new(from.1 as u32), Divisor::new(to.1 as u32)),
        }
    }

    /// Pixels of the source.
    pub(crate) fn n_source_pixels(&self) -> u32 {
        (self.rows.covered.len() * self.columns.covered.len()) as u32
    }

    /// The pixels of the map that a source pixel enters.
    pub(crate) fn entered(&self, source_pixel: u32) -> Entered {
        let (row, column) = self.width.0.divide(source_pixel);
        let (row, column) = (&self.rows.covered[row as usize], &self.columns.covered[column as usize]);
        Entered {
            first: row.first * self.width.1.get() + column.first,
            rows: row.behind - row.first,
            columns: column.behind - column.first,
            n_first: row.n_begun * column.n_begun,
        }
    }

    /// Source pixels that a pixel of the map waits for.
    pub(crate) fn n_contributions(&self, pixel: u32) -> u32 {
        let (row, column) = self.width.1.divide(pixel);
        self.rows.n_places[row as usize] * self.columns.n_places[column as usize]
    }
}

impl Axis {
    fn new(size: usize, (stride, padding): (usize, usize), from: usize, to: usize) -> Self {
        let covered = |place: usize| {
            let first = (place + padding + 1).saturating_sub(size).div_ceil(stride);
            let behind = ((place + padding) / stride + 1).min(to);
            let first = first.min(behind);
            let begins = |window: &usize| (window * stride).saturating_sub(padding) == place;
            let n_begun = (first..behind).filter(begins).count();
            Covered { first: first as u32, behind: behind as u32, n_begun: n_begun as u32 }
        };
        let n_places = |window: usize| {
            let end = (window * stride + size).saturating_sub(padding).min(from);
            (end - (window * stride).saturating_sub(padding)) as u32
        };
        Self { covered: (0..from).map(covered).collect(), n_places: (0..to).map(n_places).collect() }
    }
}

/// The window of two pools, one behind the other.
pub(super) fn compose(first: Window, then: Window) -> Window {
    Window {
        height: first.height + (then.height - 1) * first.stride,
        width: first.width + (then.width - 1) * first.stride,
        stride: first.stride * then.stride,
        padding: first.padding + then.padding * first.stride,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_of_two_enters_each_pixel_four_times() {
        let window = Window { height: 2, width: 2, stride: 2, padding: 0 };
        let pooling = Pooling::new(window, (5, 4), (2, 2));
        assert_eq!(pooling.entered(0).pixels(2).collect::<Vec<_>>(), [0]);
        assert_eq!(pooling.entered(6).pixels(2).collect::<Vec<_>>(), [1]);
        assert_eq!((pooling.entered(2).n_resumed(), pooling.entered(3).n_resumed()), (0, 1));
        assert_eq!(pooling.entered(16).last(2), None, "row 4 falls behind the last window");
        assert_eq!(pooling.n_contributions(3), 4);
    }

    #[test]
    fn overlapping_windows_share_a_source_pixel() {
        let window = Window { height: 3, width: 3, stride: 2, padding: 1 };
        let pooling = Pooling::new(window, (4, 4), (2, 2));
        // Windows start at −1 and 1: place 1 is in both.
        assert_eq!(pooling.entered(5).pixels(2).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(pooling.entered(5).n_resumed(), 3);
        assert_eq!(pooling.n_contributions(0), 4);
        assert_eq!(pooling.n_contributions(3), 9);
        let entries: u64 = (0..16).map(|pixel| pooling.entered(pixel).n_pixels()).sum();
        assert_eq!(entries, (0..4).map(|pixel| u64::from(pooling.n_contributions(pixel))).sum::<u64>());
    }

    #[test]
    fn two_pools_of_two_are_one_of_four() {
        let two = Window { height: 2, width: 2, stride: 2, padding: 0 };
        assert_eq!(compose(two, two), Window { height: 4, width: 4, stride: 4, padding: 0 });
    }
}
