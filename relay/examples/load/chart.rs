//! Processor time and latency over load, as an SVG.

use std::path::Path;

use plotters::prelude::*;

use crate::Failure;
use crate::report::{Report, Run};

/// Draws both curves into one file.
pub(crate) fn draw(path: &Path, report: &Report) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (860, 360)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(430);
    let load = |run: &Run| run.load.packets_out() as f64 / 1000.0;
    let cpu = |of: &dyn Fn(&Run) -> f64| points(report, &load, of);
    curves(
        &left,
        ("processor time of a packet, µs", SeriesLabelPosition::UpperRight),
        &[
            ("relay", RED, cpu(&|run| run.relay.cpu_us())),
            ("bare", BLUE, cpu(&|run| run.bare.cpu_us())),
        ],
    )?;
    let late =
        |share: f64| points(report, &load, &|run| f64::from(run.relay.latency_us(share)) / 1e3);
    curves(
        &right,
        ("latency of the relay, ms", SeriesLabelPosition::UpperLeft),
        &[("p99", RED, late(0.99)), ("p50", BLUE, late(0.5))],
    )?;
    root.present()?;
    Ok(())
}

fn points(report: &Report, x: &dyn Fn(&Run) -> f64, y: &dyn Fn(&Run) -> f64) -> Vec<(f64, f64)> {
    report.runs.iter().map(|run| (x(run), y(run))).collect()
}

/// A curve's name, its colour and its points.
type Curve<'a> = (&'a str, RGBColor, Vec<(f64, f64)>);

fn curves(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    (title, labels): (&str, SeriesLabelPosition),
    curves: &[Curve<'_>],
) -> Result<(), Failure> {
    let all = || curves.iter().flat_map(|(.., points)| points);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(0.0, f64::max) * 1.1;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..most(|point| point.0), 0.0..most(|point| point.1))
        .map_err(|error| error.to_string())?;
    let mut mesh = chart.configure_mesh();
    let mesh = mesh.light_line_style(TRANSPARENT).x_desc("packets forwarded, thousands a second");
    mesh.draw().map_err(|error| error.to_string())?;
    for (name, colour, points) in curves {
        let colour = *colour;
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3);
        let drawn = chart.draw_series(line).map_err(|error| error.to_string())?;
        drawn.label(*name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    let mut legend = chart.configure_series_labels();
    let legend = legend.position(labels).border_style(BLACK).background_style(WHITE);
    legend.draw().map_err(|error| error.to_string())?;
    Ok(())
}
