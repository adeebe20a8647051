//! What a study consists of.

use std::fs;
use std::path::Path;

use rebias_config::{Document, Faults, Problem, Table};

use crate::TrainError;
use crate::forms::Form;
use crate::recipe::Recipe;

/// A recipe, and the forms and seeds that it is run with.
#[derive(Clone, Debug)]
pub struct Study {
    pub(super) name: String,
    /// The recipe as TOML; its name, seed, form and width are replaced.
    recipe: toml::Table,
    pub(super) forms: Vec<(&'static str, Form)>,
    pub(super) seeds: Vec<u64>,
}

/// The one version of the format.
const FORMAT_VERSION: i64 = 1;

impl Study {
    /// Reads a study from a file; its `recipe` is a path from there.
    ///
    /// # Errors
    /// Unreadable files, or all faults of the text.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let read = |path: &Path| {
            let failed = |source| TrainError::File { action: "read", path: path.to_path_buf(), source };
            fs::read_to_string(path).map_err(failed)
        };
        let (name, recipe, forms, seeds) = Document::parse(path.display().to_string(), &read(path)?)?.read(|root| {
            let version = root.integer::<u32>("format_version", FORMAT_VERSION..=FORMAT_VERSION);
            let name = root.string("name");
            let recipe = root.string("recipe");
            let forms = forms(root);
            let seeds = root.integers("seeds", 0..=i64::MAX);
            version?;
            Some((name?, recipe?, forms?, seeds?))
        })?;
        let base = path.parent().unwrap_or(Path::new("")).join(recipe);
        let text = read(&base)?;
        // Tells the faults of the recipe as they stand in its own file.
        Recipe::parse(&base.display().to_string(), &text)?;
        let recipe = text.parse().map_err(|error| Self::unread(&base, &error))?;
        Ok(Self { name, recipe, forms, seeds })
    }

    fn unread(path: &Path, error: &toml::de::Error) -> Faults {
        Faults::in_file(path.display().to_string(), Problem::new(error.message().to_owned()))
    }

    /// The recipe of one run.
    pub(super) fn recipe_of(&self, name: &str, form: Form, seed: u64) -> Result<Recipe, TrainError> {
        let mut table = self.recipe.clone();
        table.insert("name".to_owned(), format!("{}-{name}-s{seed}", self.name).into());
        table.insert("seed".to_owned(), (seed as i64).into());
        if let Some(toml::Value::Table(quantisation)) = table.get_mut("quantisation") {
            let asked = quantisation.get("weight_bits").and_then(toml::Value::as_integer).unwrap_or(2);
            let widths = form.widths();
            let bits = asked.clamp(i64::from(*widths.start()), i64::from(*widths.end()));
            quantisation.insert("weight_bits".to_owned(), bits.into());
            quantisation.insert("form".to_owned(), name.into());
        }
        Ok(Recipe::parse(name, &table.to_string())?)
    }

    /// Runs of the whole study.
    pub fn n_runs(&self) -> usize {
        self.forms.len() * self.seeds.len()
    }

    /// The seeds.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// The same study with some of its seeds, for one of several machines.
    pub fn with_seeds(self, seeds: Vec<u64>) -> Self {
        Self { seeds, ..self }
    }
}

fn forms(root: &Table<'_>) -> Option<Vec<(&'static str, Form)>> {
    let names = root.strings("forms")?;
    let found = |name: &String| Form::ALL.into_iter().find(|(known, _)| known == name);
    if let Some(unknown) = names.iter().find(|name| found(name).is_none()) {
        let known: Vec<_> = Form::ALL.iter().map(|(name, _)| format!("`{name}`")).collect();
        root.fault("forms", Problem::new(format!("no form is called `{unknown}`")).legal(known.join(", ")));
        return None;
    }
    names.iter().map(found).collect()
}
