//! Which codes of its input an output position needs, and when they come and go.

use rebias_network::{Layer, LayerId, LayerInput, Network, Op, Shape, Window};

use super::pooling::{Entered, Pooling, compose};

/// The input map of a layer as its buffers hold it: pixels in raster order, after pooling.
///
/// A buffer fills in that order, so a position is ready when the last pixel of its window has arrived, and a pixel may
/// go when no later position needs it.
#[derive(Clone, Debug)]
pub(crate) struct InputMap {
    pub(crate) source: Source,
    pub(crate) n_channels: usize,
    pub(crate) n_pixels: usize,
    /// Rows and columns.
    size: (usize, usize),
    /// Rows of the weight matrix that one channel of the map feeds.
    pub(crate) rows_per_channel: usize,
    pub(crate) pooling: Option<Pooling>,
    /// Pixels that a buffer holds at least, so that every position finds its window.
    pub(crate) window_pixels: u64,
    /// For each position, the last pixel that it needs.
    last_needed: Vec<u32>,
    /// For each position, and behind the last, the first pixel that it or a later one needs.
    first_needed: Vec<u32>,
}

/// Who fills a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The outside.
    Network,
    /// A weighted layer.
    Layer(LayerId),
}

impl InputMap {
    pub(crate) fn new(network: &Network, layer: &Layer, input: LayerInput, window: Window) -> Self {
        let (source, pooling, shape) = trace(network, input);
        let (last_needed, first_needed) = if layer.in_shape() == shape {
            sliding(shape, layer.out_shape(), window)
        } else {
            // A flattened map is one position that needs everything.
            (vec![shape.positions() as u32 - 1], vec![0, shape.positions() as u32])
        };
        let mut map = Self {
            source,
            n_channels: shape.channels,
            n_pixels: shape.positions(),
            size: (shape.height, shape.width),
            rows_per_channel: (layer.rows() / shape.channels).max(1),
            pooling,
            window_pixels: 0,
            last_needed,
            first_needed,
        };
        map.window_pixels = map.longest_stretch();
        map
    }

    /// The output of a layer as the outside takes it, pixel by pixel.
    pub(crate) fn taken(network: &Network, from: LayerId) -> Self {
        let (source, pooling, shape) = trace(network, LayerInput::Layer(from));
        let mut map = Self {
            source,
            n_channels: shape.channels,
            n_pixels: shape.positions(),
            size: (shape.height, shape.width),
            rows_per_channel: 1,
            pooling,
            window_pixels: 0,
            last_needed: (0..shape.positions() as u32).collect(),
            first_needed: (0..=shape.positions() as u32).collect(),
        };
        map.window_pixels = map.longest_stretch();
        map
    }

    /// For each position of a window that slides over the map, the pixels of the map in it.
    pub(crate) fn areas(&self, positions: Shape, window: Window) -> Vec<u32> {
        let over = Pooling::new(window, self.size, (positions.height, positions.width));
        (0..positions.positions() as u32).map(|position| over.n_contributions(position)).collect()
    }

    /// For each position, the last source pixel that it or an earlier one needs.
    pub(crate) fn last_sources(&self) -> Vec<u32> {
        let mut last_source = vec![0; self.n_pixels];
        for source_pixel in 0..self.n_source_pixels() {
            for pixel in self.entered(source_pixel).pixels(self.width()) {
                last_source[pixel as usize] = source_pixel;
            }
        }
        let mut so_far = 0;
        let mut sources = Vec::with_capacity(self.n_pixels);
        for pixel in last_source {
            so_far = so_far.max(pixel);
            sources.push(so_far);
        }
        let mut so_far = 0;
        let last = |&pixel: &u32| {
            so_far = so_far.max(sources[pixel as usize]);
            so_far
        };
        self.last_needed.iter().map(last).collect()
    }

    /// The last pixel, of all images in a row, that a position of an image needs.
    pub(crate) fn last_needed(&self, image: u64, position: u64) -> u64 {
        image * self.n_pixels as u64 + u64::from(self.last_needed[position as usize])
    }

    /// The first pixel, of all images in a row, that a position of an image or a later one needs.
    pub(crate) fn first_needed(&self, image: u64, position: u64) -> u64 {
        image * self.n_pixels as u64 + u64::from(self.first_needed[position as usize])
    }

    /// Pixels of the map.
    pub(crate) fn n_pixels(&self) -> u32 {
        self.n_pixels as u32
    }

    /// Pixels that the source makes for one image.
    pub(crate) fn n_source_pixels(&self) -> u32 {
        self.pooling.as_ref().map_or(self.n_pixels(), Pooling::n_source_pixels)
    }

    /// Columns of the map.
    pub(crate) fn width(&self) -> u32 {
        self.size.1 as u32
    }

    /// The pixels of the map that a source pixel enters.
    pub(crate) fn entered(&self, source_pixel: u32) -> Entered {
        match &self.pooling {
            None => Entered::one(source_pixel),
            Some(pooling) => pooling.entered(source_pixel),
        }
    }

    /// Source pixels that a pixel of the map waits for.
    pub(crate) fn n_contributions(&self, pixel: u32) -> u32 {
        self.pooling.as_ref().map_or(1, |pooling| pooling.n_contributions(pixel))
    }

    /// The longest stretch from the first pixel still needed to the last one that is touched before a position's
    /// window is complete.
    fn longest_stretch(&self) -> u64 {
        let touched = self.touched_before_complete();
        let stretch = |(last, first): (&u32, &u32)| u64::from(touched[*last as usize]) + 1 - u64::from(*first);
        self.last_needed.iter().zip(&self.first_needed).map(stretch).max().unwrap_or(0)
    }

    /// For each pixel of the map, the last pixel that has been entered when it and all before it are complete.
    fn touched_before_complete(&self) -> Vec<u32> {
        let mut touched: Vec<u32> = (0..self.n_pixels as u32).collect();
        if self.pooling.is_none() {
            return touched;
        }
        let mut highest = 0;
        for source_pixel in 0..self.n_source_pixels() {
            for pixel in self.entered(source_pixel).pixels(self.width()) {
                highest = highest.max(pixel);
                // The last source pixel that enters a pixel completes it.
                touched[pixel as usize] = highest;
            }
        }
        let mut so_far = 0;
        for pixel in &mut touched {
            so_far = so_far.max(*pixel);
            *pixel = so_far;
        }
        touched
    }
}

/// Who makes an input, the pooling on its way, and its shape.
fn trace(network: &Network, mut input: LayerInput) -> (Source, Option<Pooling>, Shape) {
    let mut pool: Option<Window> = None;
    let mut map_shape = None;
    let (source, source_shape) = loop {
        let LayerInput::Layer(id) = input else {
            break (Source::Network, network.input_shape());
        };
        let before = network.layer(id);
        let Op::MaxPool(window) = *before.op() else {
            break (Source::Layer(id), before.out_shape());
        };
        map_shape = map_shape.or(Some(before.out_shape()));
        pool = Some(pool.map_or(window, |later| compose(window, later)));
        input = before.input();
    };
    let shape = map_shape.unwrap_or(source_shape);
    let size = |shape: Shape| (shape.height, shape.width);
    let pooling = pool.map(|window| Pooling::new(window, size(source_shape), size(shape)));
    (source, pooling, shape)
}

/// What the positions of a sliding window need: the last pixel of each, and the first of each and all later ones.
fn sliding(map: Shape, positions: Shape, window: Window) -> (Vec<u32>, Vec<u32>) {
    let n_positions = positions.positions();
    let mut last = Vec::with_capacity(n_positions);
    let mut first = vec![map.positions() as u32; n_positions + 1];
    for row in 0..positions.height {
        let bottom = end_of_window(row, window.height, window, map.height);
        for column in 0..positions.width {
            let right = end_of_window(column, window.width, window, map.width);
            last.push((bottom * map.width + right) as u32);
        }
    }
    for position in (0..n_positions).rev() {
        let (row, column) = (position / positions.width, position % positions.width);
        let top = (row * window.stride).saturating_sub(window.padding).min(map.height - 1);
        let left = (column * window.stride).saturating_sub(window.padding).min(map.width - 1);
        first[position] = first[position + 1].min((top * map.width + left) as u32);
    }
    (last, first)
}

/// The last row or column inside the map that a window covers.
fn end_of_window(place: usize, size: usize, window: Window, limit: usize) -> usize {
    (place * window.stride + size).saturating_sub(window.padding + 1).min(limit - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_three_by_three_window_needs_two_rows_and_three_pixels() {
        let window = Window { height: 3, width: 3, stride: 1, padding: 1 };
        let shape = Shape::new(1, 4, 5);
        let (last, first) = sliding(shape, shape, window);
        // Position (1, 2) covers rows 0 … 2 and columns 1 … 3.
        assert_eq!((last[7], first[7]), (13, 1));
        // Positions of row 0 keep pixel 0, which position (1, 0) still needs.
        assert_eq!(&first[..6], &[0, 0, 0, 0, 0, 0]);
        assert_eq!(first[20], 20);
        let map = InputMap {
            source: Source::Network,
            n_channels: 1,
            n_pixels: 20,
            size: (4, 5),
            rows_per_channel: 9,
            pooling: None,
            window_pixels: 0,
            last_needed: last,
            first_needed: first,
        };
        assert_eq!(map.longest_stretch(), 2 * 5 + 3);
    }
}
