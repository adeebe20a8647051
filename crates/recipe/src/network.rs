//! The layers of a network, one by one or by the name of a family.

use rebias_config::{Interval, Problem, Table, Value};

/// A layer as the recipe asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedLayer {
    /// 3 × 3 convolution, padding 1, to so many channels, with batch norm and ReLU.
    Conv(usize),
    /// 2 × 2 max-pool.
    Pool,
    /// Linear layer to so many classes.
    Linear(usize),
}

/// Networks for images of 32 × 32 pixels, with batch norm and one linear layer at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// K. Simonyan, A. Zisserman, ICLR 2015, configuration A; 512 inputs of the linear layer.
    Vgg11,
    /// Configuration B.
    Vgg13,
    /// Configuration E.
    Vgg19,
    /// Six convolutions of up to 512 channels: Z. Cai et al., HWGQ, CVPR 2017.
    VggSmall,
}

const FAMILIES: [(&str, Family); 4] =
    [("vgg-11", Family::Vgg11), ("vgg-13", Family::Vgg13), ("vgg-19", Family::Vgg19), ("vgg-small", Family::VggSmall)];

impl Family {
    /// Channels of the convolutions between pools; a pool follows each group.
    fn groups(self) -> &'static [&'static [usize]] {
        match self {
            Self::Vgg11 => &[&[64], &[128], &[256; 2], &[512; 2], &[512; 2]],
            Self::Vgg13 => &[&[64; 2], &[128; 2], &[256; 2], &[512; 2], &[512; 2]],
            Self::Vgg19 => &[&[64; 2], &[128; 2], &[256; 4], &[512; 4], &[512; 4]],
            Self::VggSmall => &[&[128; 2], &[256; 2], &[512; 2]],
        }
    }

    /// Its layers with `width` times the channels, rounded, for so many classes.
    fn layers(self, width: f64, classes: usize) -> Vec<PlannedLayer> {
        let scaled = |&channels: &usize| PlannedLayer::Conv(((channels as f64 * width).round() as usize).max(1));
        let groups = self.groups().iter().flat_map(|group| group.iter().map(scaled).chain([PlannedLayer::Pool]));
        groups.chain([PlannedLayer::Linear(classes)]).collect()
    }
}

/// Reads the table `[network]`.
pub(crate) fn read(table: &Table<'_>) -> Option<Vec<PlannedLayer>> {
    let Some(family) = table.optional_choice("family", &FAMILIES)? else {
        return listed(table);
    };
    let width = table.number_or("width", Interval::closed(0.01, 4.0), 1.0);
    let classes = table.integer("classes", 2..=256);
    if table.has("layers") {
        table.fault("layers", Problem::new("`family` says what the layers are").hint("remove one of the two"));
        return None;
    }
    Some(family.layers(width?, classes?))
}

fn listed(table: &Table<'_>) -> Option<Vec<PlannedLayer>> {
    let texts = table.strings("layers")?;
    let places = table.optional_value("layers").and_then(Value::as_array).unwrap_or_default();
    let mut layers = Vec::with_capacity(texts.len());
    for (text, place) in texts.iter().zip(places) {
        let layer = PlannedLayer::parse(text);
        if layer.is_none() {
            let legal = "`conv N`, `pool`, `linear N`, with N in 1..=4096";
            table.fault_at("layers", place, Problem::new("not a layer").legal(legal));
        }
        layers.push(layer);
    }
    let layers: Vec<_> = layers.into_iter().collect::<Option<_>>()?;
    let linear = |layer: &PlannedLayer| matches!(layer, PlannedLayer::Linear(_));
    if layers.iter().position(linear).is_none_or(|first| first + 1 != layers.len()) {
        table.fault("layers", Problem::new("the last layer, and no other, must be linear"));
        return None;
    }
    Some(layers)
}

impl PlannedLayer {
    fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split_whitespace().collect();
        let size = |word: &str| word.parse().ok().filter(|size| (1..=4096).contains(size));
        match words.as_slice() {
            ["conv", channels] => size(channels).map(Self::Conv),
            ["pool"] => Some(Self::Pool),
            ["linear", classes] => size(classes).map(Self::Linear),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trained parameters for three channels of 32 × 32 pixels, and channels of all convolutions.
    fn counts(layers: &[PlannedLayer]) -> (usize, usize) {
        let (mut parameters, mut all, mut channels, mut side) = (0, 0, 3, 32);
        for layer in layers {
            match *layer {
                PlannedLayer::Conv(out) => {
                    // Weights, and γ and β of batch norm.
                    parameters += 9 * channels * out + 2 * out;
                    all += out;
                    channels = out;
                }
                PlannedLayer::Pool => side /= 2,
                PlannedLayer::Linear(classes) => parameters += channels * side * side * classes + classes,
            }
        }
        (parameters, all)
    }

    #[test]
    fn families_have_the_parameters_that_are_known_of_them() {
        // K. Liu's `pytorch-cifar` has these numbers, with a bias in each channel of a convolution, which batch norm undoes.
        for (family, known) in [(Family::Vgg11, 9_231_114), (Family::Vgg13, 9_416_010), (Family::Vgg19, 20_040_522)] {
            let (parameters, biases) = counts(&family.layers(1.0, 10));
            assert_eq!(parameters + biases, known, "{family:?}");
        }
        // Weights alone: 4.66 M (D. Zhang et al., LQ-Nets, ECCV 2018, count so).
        let (parameters, channels) = counts(&Family::VggSmall.layers(1.0, 10));
        assert_eq!(parameters - 2 * channels - 10, 4_656_512);
    }

    #[test]
    fn a_width_scales_channels_and_no_classes() {
        use PlannedLayer::{Conv, Linear, Pool};
        let quarter = Family::Vgg11.layers(0.25, 100);
        let body = [Conv(16), Pool, Conv(32), Pool, Conv(64), Conv(64), Pool, Conv(128), Conv(128), Pool];
        assert!(quarter.starts_with(&body), "{quarter:?}");
        assert!(quarter.ends_with(&[Pool, Conv(128), Conv(128), Pool, Linear(100)]), "{quarter:?}");
        assert_eq!(Family::VggSmall.layers(0.01, 10).first(), Some(&Conv(1)));
        let of = |family: Family| family.layers(1.0, 10).iter().filter(|layer| matches!(layer, Conv(_))).count();
        assert_eq!(FAMILIES.map(|(_, family)| of(family)), [8, 10, 16, 6]);
    }
}
