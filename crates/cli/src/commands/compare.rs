//! `rebias compare`: several networks, most often one in several representations, on one chip.
//!
//! What is run is a sweep over traces, resolutions of the ADC and errors of programming, whose TOML is left in the folder.

use std::num::NonZeroU32;
use std::path::Path;

use rebias_arch::Arch;
use rebias_config::Document;
use rebias_cost::Costs;
use rebias_network::Trace;
use rebias_plot::{Kind, Scale, Spec};
use rebias_report::{ComparedPoint, Footprint, compare_csv, compare_text};
use rebias_scheduler::{Chips, ReplayOptions, RunError, RunOptions};
use rebias_sweep::{OutputFolder, ResultRow, read_design, read_trace};

use super::{chart, sweep};
use crate::args::{Compare, sweep::SweepSubject};
use crate::failure::Failure;

/// The sweep that is run.
const SWEEP: &str = "compare.toml";
/// What it gives, beside what each network takes.
const RESULTS: &str = "compare.csv";

pub(crate) fn run(args: &Compare) -> Result<String, Failure> {
    let files = read_design(&args.arch)?;
    let arch = Arch::parse(&files.arch)?;
    let costs = Costs::parse(&files.costs, &arch)?;
    let traces: Vec<Trace> = args.traces.iter().map(|trace| read_trace(trace)).collect::<Result<_, _>>()?;
    let footprints: Vec<Footprint> =
        traces.into_iter().map(|trace| footprint(trace, (&files.arch, &arch, &costs))).collect::<Result<_, _>>()?;

    let out = OutputFolder::create(&args.out)?;
    let adc_bits = if args.adc_bits.is_empty() { vec![arch.ima().adc.bits] } else { args.adc_bits.clone() };
    out.write(&[(SWEEP, sweep_toml(args, &adc_bits)?.into_bytes())])?;
    let subject = SweepSubject { sweep: args.out.join(SWEEP), data: args.data.clone(), out: args.out.clone() };
    let results = sweep::run_whole(&subject)?;

    let per_trace = results.rows().len() / footprints.len().max(1);
    let points: Vec<ComparedPoint<'_>> = results
        .rows()
        .iter()
        .enumerate()
        .filter_map(|(index, row)| point(&footprints, row, index / per_trace.max(1)))
        .collect();
    let mut csv = Vec::new();
    compare_csv(&points, &mut csv).map_err(|error| Failure::Run(error.to_string()))?;
    let charts = fronts(&csv, &points, &args.sigma)?;
    let mut written = vec![(RESULTS, csv)];
    written.extend(charts.iter().map(|(name, svg)| (name.as_str(), svg.clone().into_bytes())));
    out.write(&written)?;
    Ok(format!("{}\n{} points in {}", compare_text(&points), points.len(), args.out.join(RESULTS).display()))
}

/// For each error at which accuracies are known, accuracy against energy, with the points that no other beats.
fn fronts(csv: &[u8], points: &[ComparedPoint<'_>], percents: &[f64]) -> Result<Vec<(String, String)>, Failure> {
    let is_drawn =
        |percent: &&f64| points.iter().any(|point| point.sigma == *percent / 100.0 && point.summary.accuracy.is_some());
    let front = |percent: &f64| {
        let spec = Spec {
            kind: Kind::Pareto {
                x: "energy_uj".to_owned(),
                y: "accuracy".to_owned(),
                by: vec!["network".to_owned()],
                scales: (Scale::Automatic, Scale::Linear),
            },
            only: vec![("sigma".to_owned(), (percent / 100.0).to_string())],
            size_mm: (None, None),
        };
        Ok((format!("pareto-sigma-{percent}.svg"), chart::svg(csv, |_| Ok(spec))?))
    };
    percents.iter().filter(is_drawn).map(front).collect()
}

/// A row of the sweep, whose axes are the trace, the ADC and the errors.
fn point<'a>(footprints: &'a [Footprint], row: &'a ResultRow, trace: usize) -> Option<ComparedPoint<'a>> {
    let [_, adc_bits, sigma] = row.coordinates.as_slice() else { return None };
    Some(ComparedPoint {
        footprint: footprints.get(trace)?,
        adc_bits: adc_bits.parse().ok()?,
        sigma: sigma.parse().ok()?,
        summary: &row.summary,
    })
}

/// What a network takes of the chip: it is placed and replayed, without images.
fn footprint(trace: Trace, (document, arch, costs): (&Document, &Arch, &Costs)) -> Result<Footprint, Failure> {
    let failed = |error: RunError| Failure::of_run(&error, document);
    let ideal = trace.provenance.accuracies.as_ref().and_then(|accuracies| accuracies.integer);
    let trace = Trace { samples: None, ..trace };
    let placement = rebias_mapper::map(&trace.network, arch).map_err(|error| failed(error.into()))?;
    let chips = Chips { first: 0, count: NonZeroU32::MIN };
    let options = RunOptions { images: None, seed: 0, chips, replay: ReplayOptions::DEFAULT, progress: &|_| {} };
    let result = rebias_scheduler::run(arch, costs, &trace, &options).map_err(failed)?;
    Ok(Footprint::new(&trace.network, &placement, &result, ideal))
}

/// The sweep as its users would write it.
fn sweep_toml(args: &Compare, adc_bits: &[u32]) -> Result<String, Failure> {
    let absolute = |path: &Path| -> Result<String, Failure> {
        let path = std::path::absolute(path).map_err(Failure::input)?;
        Ok(format!("{:?}", path.display().to_string()))
    };
    let traces: Vec<String> = args.traces.iter().map(|trace| absolute(trace)).collect::<Result<_, _>>()?;
    let first = traces.first().cloned().unwrap_or_default();
    let images = args.images.map_or_else(String::new, |images| format!("images = {images}\n"));
    let sigmas: Vec<String> = args.sigma.iter().map(|sigma| format!("{:?}", sigma / 100.0)).collect();
    let adc_bits: Vec<String> = adc_bits.iter().map(u32::to_string).collect();
    let range = if args.calibrated { "\"arch.adc.range\" = \"calibrated\"\n" } else { "" };
    Ok(format!(
        "# Made by `rebias compare`; `rebias sweep` runs it too.\narchitecture = {}\ntrace = {first}\n{images}\
         chips = {}\nseed = {}\n\n[set]\n\"arch.cell.variation\" = {{ model = \"gaussian-of-range\", sigma = 0.0 }}\n\
         {range}\n[axes]\n\"run.trace\" = [{}]\n\"arch.adc.bits\" = [{}]\n\"arch.cell.variation.sigma\" = [{}]\n",
        absolute(&args.arch)?,
        args.chips,
        args.seed,
        traces.join(", "),
        adc_bits.join(", "),
        sigmas.join(", "),
    ))
}
