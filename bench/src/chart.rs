//! Charts as SVG: groups of bars, each bar a ratio.

use std::path::Path;

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend,
    SeriesLabelPosition, Text, WHITE,
};

use crate::Failure;

/// The bars over one label of the horizontal axis.
pub struct Group {
    /// The label.
    pub label: String,
    /// A height for each series; none where there is nothing to show.
    pub bars: Vec<Option<f64>>,
}

/// Colours that stay apart in grey and for those who do not see all colours.
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(230, 159, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// Draws `groups` of bars, one bar for each of `series`, and a line at height 1.
///
/// # Errors
/// If the file cannot be written.
pub fn draw(path: &Path, title: &str, series: &[&str], groups: &[Group]) -> Result<(), Failure> {
    let highest = groups
        .iter()
        .flat_map(|group| group.bars.iter().flatten())
        .fold(1.0, |a, b| f64::max(a, *b));
    let area = SVGBackend::new(path, (840, 380)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 17).into_font())
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..groups.len() as f64, 0.0..highest * 1.15)?;
    let label = |x: &f64| {
        let at_middle = (x.fract() - 0.5).abs() < 0.01;
        groups
            .get(x.floor() as usize)
            .filter(|_| at_middle)
            .map_or(String::new(), |g| g.label.clone())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(groups.len() * 2 + 1)
        .x_label_formatter(&label)
        .label_style(("sans-serif", 14).into_font())
        .draw()?;
    let width = 0.8 / series.len().max(1) as f64;
    for (place, (name, colour)) in series.iter().zip(COLOURS).enumerate() {
        let bar = |(at, group): (usize, &Group)| {
            let height = (*group.bars.get(place)?)?;
            let left = at as f64 + 0.1 + width * place as f64;
            Some((left, height))
        };
        let bars: Vec<_> = groups.iter().enumerate().filter_map(bar).collect();
        let boxes = bars.iter().map(|&(left, height)| {
            Rectangle::new([(left, 0.0), (left + width * 0.94, height)], colour.filled())
        });
        chart
            .draw_series(boxes)?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(8)));
        let figures = bars.iter().map(|&(left, height)| {
            let place = (left + width * 0.1, height + highest * 0.05);
            Text::new(format!("{height:.2}"), place, ("sans-serif", 12).into_font())
        });
        chart.draw_series(figures)?;
    }
    let end = groups.len() as f64;
    chart.draw_series([PathElement::new([(0.0, 1.0), (end, 1.0)], RGBColor(90, 90, 90))])?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 14).into_font())
        .draw()?;
    area.present()?;
    Ok(())
}
