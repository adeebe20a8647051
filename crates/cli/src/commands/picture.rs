//! The formats that charts are written in.

use std::path::Path;

use crate::failure::Failure;

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Svg,
    /// At 300 dots an inch.
    #[cfg(feature = "png")]
    Png,
}

impl Format {
    /// What the name of a file asks for.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Ok(Self::Svg),
            #[cfg(feature = "png")]
            Some("png") => Ok(Self::Png),
            #[cfg(not(feature = "png"))]
            Some("png") => Err(Failure::Input(
                "this build writes no PNG\nhint: write SVG, or build with `cargo build --release --features png`"
                    .to_owned(),
            )),
            _ => Err(Failure::Input(format!(
                "`{}` is no name of a picture\nhint: end it in `.svg` or `.png`",
                path.display()
            ))),
        }
    }

    /// A chart's SVG in this format.
    pub(super) fn encode(self, svg: String) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Svg => Ok(svg.into_bytes()),
            #[cfg(feature = "png")]
            Self::Png => png(&svg),
        }
    }
}

#[cfg(feature = "png")]
fn png(svg: &str) -> Result<Vec<u8>, Failure> {
    use resvg::{tiny_skia, usvg};

    const DOTS_PER_INCH: f32 = 300.0;
    /// What lengths in millimetres are taken for.
    const PIXELS_PER_INCH: f32 = 96.0;

    let failed = |what: &dyn std::fmt::Display| Failure::Run(format!("PNG: {what}"));
    let mut options = usvg::Options::default();
    options.fontdb_mut().load_system_fonts();
    if options.fontdb.is_empty() {
        return Err(failed(&"this machine has no fonts\nhint: install some, such as `fonts-liberation`, or write SVG"));
    }
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(&error))?;
    let scale = DOTS_PER_INCH / PIXELS_PER_INCH;
    let size = tree.size().to_int_size().scale_by(scale).ok_or_else(|| failed(&"the chart has no size"))?;
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).ok_or_else(|| failed(&"the chart is too large"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(&error))
}
