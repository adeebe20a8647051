//! One recipe in several number representations and with several seeds.

use rebias_config::{Document, Faults, Problem, Table};

use crate::form::Form;
use crate::recipe::{Recipe, plain_name};

/// What a study consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Study {
    /// What its runs' names begin with.
    pub name: String,
    /// Path of the recipe, from the study's folder.
    pub recipe: String,
    /// Name and form of each series; the others are compared with the first.
    pub forms: Vec<(&'static str, Form)>,
    /// A run of each form for each.
    pub seeds: Vec<u64>,
}

/// The one version of the format.
const FORMAT_VERSION: i64 = 1;

impl Study {
    /// Reads a study.
    ///
    /// # Errors
    /// All faults: unknown and missing keys, forms that there are not.
    pub fn parse(document: &Document) -> Result<Self, Faults> {
        document.read(|root| {
            let version = root.integer::<u32>("format_version", FORMAT_VERSION..=FORMAT_VERSION);
            let name = plain_name(root);
            let recipe = root.string("recipe");
            let forms = forms(root);
            let seeds = root.integers("seeds", 0..=i64::MAX);
            version?;
            Some(Self { name: name?, recipe: recipe?, forms: forms?, seeds: seeds? })
        })
    }

    /// The recipes of all runs of a seed, forms in the study's order: `base` with the name, seed, form and width of the
    /// run. Where a form has no codes as wide as those of `base`, it has the nearest.
    ///
    /// # Errors
    /// All faults of `base`, or of a run, such as hardware that cannot be trained with its form.
    pub fn runs(&self, base: &Document, seed: u64) -> Result<Vec<Recipe>, Faults> {
        // Tells the faults of the recipe as they stand in its own file.
        let asked = Recipe::parse(base)?.quantisation.weight_bits;
        let run = |&(form_name, form): &(&str, Form)| {
            let run_name = format!("{}-{form_name}-s{seed}", self.name);
            let bits = asked.clamp(*form.widths().start(), *form.widths().end());
            let text = format!(
                "name = \"{run_name}\"\nseed = {seed}\n[quantisation]\nform = \"{form_name}\"\nweight_bits = {bits}"
            );
            Recipe::parse(&base.clone().overlay(Document::parse(run_name, text)?))
        };
        self.forms.iter().map(run).collect()
    }

    /// The same study with other seeds, for one of several machines.
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
    if names.is_empty() {
        root.fault("forms", Problem::new("a study without a form").legal("at least one"));
        return None;
    }
    names.iter().map(found).collect()
}
