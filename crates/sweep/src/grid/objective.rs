//! What is sought, and which points nothing beats.

use rebias_config::{Problem, Table};
use rebias_report::Summary;

/// A column of the results that should be great or small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objective {
    column: String,
    sense: Sense,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Max,
    Min,
}

/// Reads `[objectives]`; none if it is absent.
pub(crate) fn read_objectives(root: &Table<'_>) -> Option<Vec<Objective>> {
    let Some(table) = root.optional_table("objectives")? else { return Some(Vec::new()) };
    let columns = Summary::figure_names();
    let objective = |name: &str| {
        let sense = table.choice(name, &[("max", Sense::Max), ("min", Sense::Min)]);
        if !columns.iter().any(|column| column == name) {
            table.fault(name, Problem::new("the results have no such column of figures").legal(columns.join(", ")));
            return None;
        }
        Some(Objective { column: name.to_owned(), sense: sense? })
    };
    let objectives: Vec<_> = table.keys().into_iter().map(objective).collect();
    objectives.into_iter().collect()
}

/// For each point, whether it is on the front: no other is better in one objective and no worse in all others. Points
/// without a figure for one of the objectives are not.
pub(crate) fn on_front(objectives: &[Objective], summaries: &[&Summary]) -> Vec<bool> {
    // Greater is better in all of these.
    let merit = |summary: &&Summary| {
        let figure = |objective: &Objective| {
            let figure = summary.figure(&objective.column)?;
            Some(if objective.sense == Sense::Max { figure } else { -figure })
        };
        objectives.iter().map(figure).collect::<Option<Vec<_>>>()
    };
    let merits: Vec<_> = summaries.iter().map(merit).collect();
    let beaten = |mine: &Vec<f64>| merits.iter().flatten().any(|other| beats(other, mine));
    merits.iter().map(|mine| mine.as_ref().is_some_and(|mine| !beaten(mine))).collect()
}

fn beats(left: &[f64], right: &[f64]) -> bool {
    left.iter().zip(right).all(|(left, right)| left >= right) && left != right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(accuracy: Option<f64>, energy_uj: f64) -> Summary {
        Summary { accuracy, energy_uj, ..Summary::default() }
    }

    #[test]
    fn the_front_is_what_nothing_beats() {
        let objectives = [("accuracy", Sense::Max), ("energy_uj", Sense::Min)]
            .map(|(column, sense)| Objective { column: column.to_owned(), sense });
        let points = [
            summary(Some(0.9), 2.0),
            summary(Some(0.8), 1.0),
            summary(Some(0.8), 1.5), // as accurate as the one before, for more energy
            summary(Some(0.9), 2.0), // equal to the first, which doesn't beat it
            summary(None, 0.5),
        ];
        let points: Vec<_> = points.iter().collect();
        assert_eq!(on_front(&objectives, &points), [true, true, false, true, false]);
    }
}
