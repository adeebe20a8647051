//! Recipes and studies from files.

use std::fs;
use std::path::Path;

use rebias_config::Document;
use rebias_recipe::{Recipe, Study};

use crate::TrainError;

/// Reads a recipe.
///
/// # Errors
/// An unreadable file, or all faults of its text.
pub fn read_recipe(path: &Path) -> Result<Recipe, TrainError> {
    Ok(Recipe::parse(&document(path)?)?)
}

/// Reads a study, and the recipe that it names by a path from its folder.
///
/// # Errors
/// Unreadable files, or all faults of the text of one.
pub fn read_study(path: &Path) -> Result<(Study, Document), TrainError> {
    let study = Study::parse(&document(path)?)?;
    let base = document(&path.parent().unwrap_or(Path::new("")).join(&study.recipe))?;
    Recipe::parse(&base)?;
    Ok((study, base))
}

fn document(path: &Path) -> Result<Document, TrainError> {
    let failed = |source| TrainError::File { action: "read", path: path.to_path_buf(), source };
    Ok(Document::parse(path.display().to_string(), fs::read_to_string(path).map_err(failed)?)?)
}
