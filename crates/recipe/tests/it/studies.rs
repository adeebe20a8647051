//! Runs of a study, and its faults.

use rebias_config::{Document, Faults};
use rebias_recipe::{Recipe, Study};

const STUDY: &str = include_str!("../../../../traces/recipes/forms-w2a2.toml");
const RECIPE: &str = include_str!("../../../../traces/recipes/fmnist-cnn-short.toml");

fn study(text: &str) -> Result<Study, Faults> {
    Study::parse(&Document::parse("study.toml", text)?)
}

fn recipe(text: &str) -> Document {
    Document::parse("recipe.toml", text).unwrap()
}

#[test]
fn runs_are_the_recipe_with_another_name_seed_and_form() {
    let study = study(STUDY).unwrap();
    let base = Recipe::parse(&recipe(RECIPE)).unwrap();
    let runs = study.runs(&recipe(RECIPE), 3).unwrap();
    assert_eq!((runs.len(), study.seeds.len()), (11, 5));
    for (run, &(name, form)) in runs.iter().zip(&study.forms) {
        assert_eq!((&run.name, run.seed, run.quantisation.form), (&format!("fmnist-{name}-s3"), 3, form));
        // `bwn` has no codes of two bits.
        assert_eq!(run.quantisation.weight_bits, if name == "bwn" { 1 } else { 2 });
        assert_eq!((&run.layers, &run.training, &run.data), (&base.layers, &base.training, &base.data));
        // What a run says is a recipe by itself, and it says all that it is.
        assert_eq!(&Recipe::parse(&recipe(&run.text)).unwrap(), run);
    }
}

#[test]
fn faults_say_what_is_legal() {
    let told = |text: &str| -> Vec<String> {
        let part = |part: Option<&str>| part.unwrap_or("-").to_owned();
        let faults = study(text).unwrap_err();
        faults.iter().map(|fault| format!("{} | {}", part(fault.key()), part(fault.legal()))).collect()
    };
    let start = STUDY.find("forms = [").unwrap();
    let with = |forms: &str| format!("{}forms = {forms}\nseeds = [1]\n", &STUDY[..start]);
    assert_eq!(told(&with("[]")), ["forms | at least one"]);
    assert!(told(&with("[\"ttw\"]"))[0].contains("`twn`"));
    assert_eq!(told(&STUDY.replace("seeds = [1,", "seeds = [-1,")), ["seeds[0] | 0.."]);
    assert_eq!(
        told(&STUDY.replace("name = \"fmnist\"", "name = \"a\\\"b\"")),
        ["name | lower-case letters, digits and `-`"]
    );
}

#[test]
fn hardware_that_a_form_cannot_be_trained_with_is_a_fault_of_its_run() {
    let sums = "[hardware]\ncell_bits = 2\nword_lines = 128\npartial_sums = { adc_bits = 4, dac_bits = 1, range = \"full-scale\" }\n";
    let faults = study(STUDY).unwrap().runs(&recipe(&format!("{RECIPE}\n{sums}")), 1).unwrap_err();
    let problems: Vec<_> = faults.iter().map(|fault| fault.problem()).collect();
    assert_eq!(problems, ["`form` is a pair of columns, and partial sums are those of one"]);
}
