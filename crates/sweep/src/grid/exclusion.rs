//! Points that are left out.

use rebias_config::{Problem, Table, Value};

use super::dimension::Dimension;

/// A table of conditions; a point that meets all of them is left out.
#[derive(Clone, Debug)]
pub(crate) struct Exclusion {
    conditions: Vec<Condition>,
}

/// What an axis has to be.
#[derive(Clone, Debug)]
struct Condition {
    /// Which of the point's coordinates.
    axis: usize,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Is(Value),
    IsNot(Value),
    Among(Vec<Value>),
    Compared(Order, Operand),
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Below,
    AtMost,
    AtLeast,
    Above,
}

/// What an axis is compared with.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Number(f64),
    /// The value of another axis of the point.
    Axis(usize),
}

const ORDERS: [(&str, Order); 4] =
    [("below", Order::Below), ("at_most", Order::AtMost), ("at_least", Order::AtLeast), ("above", Order::Above)];

/// Reads `[[exclude]]`.
pub(crate) fn read_exclusions(root: &Table<'_>, dimensions: &[Dimension]) -> Option<Vec<Exclusion>> {
    let axes: Vec<_> = dimensions.iter().flat_map(|it| &it.keys).map(|key| key.name.as_str()).collect();
    let exclusions = root.optional_tables("exclude")?.unwrap_or_default();
    let exclusions: Vec<_> = exclusions.iter().map(|table| Exclusion::read(table, &axes)).collect();
    exclusions.into_iter().collect()
}

impl Exclusion {
    fn read(table: &Table<'_>, axes: &[&str]) -> Option<Self> {
        let names = table.keys();
        if names.is_empty() {
            table.fault_here(Problem::new("an exclusion without conditions would leave out everything"));
            return None;
        }
        let conditions: Vec<_> = names.into_iter().map(|name| read_conditions(table, name, axes)).collect();
        let conditions = conditions.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Self { conditions: conditions.into_iter().flatten().collect() })
    }

    /// Whether a point is left out.
    pub(crate) fn covers(&self, coordinates: &[&Value]) -> bool {
        self.conditions.iter().all(|condition| condition.test.holds(coordinates[condition.axis], coordinates))
    }
}

/// The conditions on one axis: a value that it is, or a table of comparisons.
fn read_conditions(table: &Table<'_>, name: &str, axes: &[&str]) -> Option<Vec<Condition>> {
    let value = table.value(name)?;
    let Some(axis) = axes.iter().position(|axis| *axis == name) else {
        table.fault(name, Problem::new("this is no axis").legal(listed(axes)));
        return None;
    };
    if value.keys().is_none() {
        return Some(vec![Condition { axis, test: Test::Is(value.clone()) }]);
    }
    let comparisons = table.table(name)?;
    let not = comparisons.optional_value("not").map(|value| Test::IsNot(value.clone()));
    let among = comparisons.optional_value("among").map(|values| {
        let values = values.as_array();
        if values.is_none() {
            comparisons.fault("among", Problem::new("expected a list of values"));
        }
        Some(Test::Among(values?.to_vec()))
    });
    let orders = ORDERS.map(|(word, order)| {
        let operand = comparisons.optional_value(word)?;
        Some(read_operand(&comparisons, word, (operand, axes)).map(|operand| Test::Compared(order, operand)))
    });
    if comparisons.keys().is_empty() {
        let legal = "`below`, `at_most`, `at_least`, `above`, `not`, `among`";
        comparisons.fault_here(Problem::new("no comparison").legal(legal));
        return None;
    }
    let tests = not.map(Some).into_iter().chain(among).chain(orders.into_iter().flatten());
    tests.map(|test| Some(Condition { axis, test: test? })).collect()
}

fn read_operand(table: &Table<'_>, word: &str, (value, axes): (&Value, &[&str])) -> Option<Operand> {
    let axis = value.as_str().and_then(|name| axes.iter().position(|axis| *axis == name)).map(Operand::Axis);
    let operand = value.as_number().map(Operand::Number).or(axis);
    if operand.is_none() {
        let problem = Problem::new("nothing to compare with").legal(format!("a number, or one of {}", listed(axes)));
        table.fault(word, problem);
    }
    operand
}

fn listed(axes: &[&str]) -> String {
    axes.iter().map(|axis| format!("`{axis}`")).collect::<Vec<_>>().join(", ")
}

impl Test {
    fn holds(&self, value: &Value, coordinates: &[&Value]) -> bool {
        match self {
            Self::Is(other) => is_same(value, other),
            Self::IsNot(other) => !is_same(value, other),
            Self::Among(others) => others.iter().any(|other| is_same(value, other)),
            Self::Compared(order, operand) => {
                let other = match operand {
                    Operand::Number(number) => Some(*number),
                    Operand::Axis(axis) => coordinates[*axis].as_number(),
                };
                value.as_number().zip(other).is_some_and(|(value, other)| match order {
                    Order::Below => value < other,
                    Order::AtMost => value <= other,
                    Order::AtLeast => value >= other,
                    Order::Above => value > other,
                })
            }
        }
    }
}

/// Numbers are the same whether they are written as integers or as floats.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left.as_number(), right.as_number()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}
