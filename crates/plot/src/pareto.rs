//! Two figures against each other, with the front: the points that no other beats in one without losing in the other.

use crate::PlotError;
use crate::axis::Axis;
use crate::canvas::{At, Canvas, Size};
use crate::chart::check;
use crate::column::Wish;
use crate::frame::{Frame, Grid, Key, Legend, Plan};
use crate::palette::{DARK, Dash, GREY, Ink};

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Position along the horizontal axis.
    pub x: f64,
    /// Position along the vertical axis.
    pub y: f64,
}

/// Points of one ink.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateSet {
    /// What the legend calls them.
    pub name: String,
    /// The points.
    pub points: Vec<Candidate>,
}

/// Points and their front: filled markers on the front, rings elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct ParetoChart {
    /// The horizontal axis, and what is better along it.
    pub x: (Axis, Wish),
    /// The vertical axis, and what is better along it.
    pub y: (Axis, Wish),
    /// What tells the sets apart; a legend is drawn for more than one.
    pub legend: String,
    /// The points.
    pub sets: Vec<CandidateSet>,
}

impl ParetoChart {
    /// The chart as SVG; the same chart gives the same bytes.
    ///
    /// # Errors
    /// No point, or a coordinate that is not finite.
    pub fn svg(&self, size: Size) -> Result<String, PlotError> {
        let values = |set: &CandidateSet| set.points.iter().flat_map(|point| [point.x, point.y]).collect();
        check(self.sets.iter().map(|set| (set.name.as_str(), values(set))))?;
        Canvas::svg(size, |canvas| self.draw(canvas, size))
    }

    /// The points that no other beats, from the best along the horizontal axis on.
    pub fn front(&self) -> Vec<Candidate> {
        let (x, y) = (self.x.1, self.y.1);
        let mut points: Vec<_> = self.sets.iter().flat_map(|set| &set.points).copied().collect();
        points.sort_by(|a, b| x.cost(a.x).total_cmp(&x.cost(b.x)).then(y.cost(a.y).total_cmp(&y.cost(b.y))));
        let mut front: Vec<Candidate> = Vec::new();
        for point in points {
            let is_better = front.last().is_none_or(|last| y.cost(point.y) < y.cost(last.y));
            // A twin of a point on the front is on it too.
            if is_better || front.last() == Some(&point) {
                front.push(point);
            }
        }
        front
    }

    fn draw(&self, canvas: &Canvas<'_>, size: Size) -> Result<(), PlotError> {
        let front = self.front();
        let points = || self.sets.iter().flat_map(|set| &set.points);
        let sets = self.sets.iter().enumerate().map(|(index, set)| (set.name.clone(), Key::Marker(Ink::of(index))));
        let mut entries: Vec<_> = if self.sets.len() > 1 { sets.collect() } else { Vec::new() };
        entries.push(("front".to_owned(), Key::Front));
        if points().count() > front.len() {
            entries.push(("dominated".to_owned(), Key::Ring));
        }
        let title = if self.sets.len() > 1 { self.legend.clone() } else { String::new() };
        let values = (points().map(|point| point.x).collect(), points().map(|point| point.y).collect());
        let plan = Plan {
            size,
            x: &self.x.0,
            y: &self.y.0,
            values,
            legend: Legend { title, entries },
            right: 0.0,
            grid: Grid::Across,
        };
        let frame = Frame::draw(canvas, plan)?;
        canvas.line(&self.staircase(&frame, &front), (DARK, 0.75), Dash::Solid)?;
        let mut on_front = Vec::new();
        for (index, set) in self.sets.iter().enumerate() {
            let ink = Ink::of(index);
            for point in &set.points {
                let at = frame.at((point.x, point.y));
                if front.contains(point) {
                    on_front.push((at, ink));
                } else {
                    canvas.ring(at, if self.sets.len() > 1 { ink.colour } else { GREY })?;
                }
            }
        }
        on_front.into_iter().try_for_each(|(at, ink)| canvas.marker(at, ink))
    }

    /// Along the front nothing better is known: from point to point, first along one axis, then along the other, and on
    /// to the edge where more of the first gives no more of the second.
    fn staircase(&self, frame: &Frame, front: &[Candidate]) -> Vec<At> {
        let mut path: Vec<At> = Vec::new();
        for point in front {
            let (x, y) = frame.at((point.x, point.y));
            if let Some(&(_, before)) = path.last() {
                path.push((x, before));
            }
            path.push((x, y));
        }
        let edge = match self.x.1 {
            Wish::Less => frame.right,
            Wish::More => frame.left,
        };
        path.extend(path.last().map(|&(_, y)| (edge, y)));
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Scale;

    #[test]
    fn the_front_has_what_no_other_point_beats() {
        let point = |(x, y)| Candidate { x, y };
        let points: Vec<_> = [(1.0, 5.0), (2.0, 4.0), (2.0, 7.0), (3.0, 7.0), (4.0, 9.0), (4.0, 9.0)].map(point).into();
        let axis = || Axis::numbers("", Scale::Automatic);
        let sets = vec![CandidateSet { name: "all".to_owned(), points }];
        let chart = ParetoChart { x: (axis(), Wish::Less), y: (axis(), Wish::More), legend: String::new(), sets };
        assert_eq!(chart.front(), [(1.0, 5.0), (2.0, 7.0), (4.0, 9.0), (4.0, 9.0)].map(point));
        let other = ParetoChart { x: (axis(), Wish::More), y: (axis(), Wish::Less), ..chart };
        assert_eq!(other.front(), [(4.0, 9.0), (4.0, 9.0), (3.0, 7.0), (2.0, 4.0)].map(point));
    }
}
