//! The chart: what is told, in percent, for each way of padding.

use std::path::Path;

use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend,
    SeriesLabelPosition, Text, WHITE,
};

use crate::Outcome;
use crate::measure::Measures;
use crate::stream::PACKET_MS;

/// What one row says of one series, from 0 to 1.
type Share = fn(&Measures) -> f64;

/// The bars, with colours that stay apart in grey and for those who do not see all colours.
const SERIES: [(&str, Share, RGBColor); 3] = [
    (
        "of the information in a packet's size",
        |of| of.bits / of.entropy.max(f64::MIN_POSITIVE),
        RGBColor(0, 114, 178),
    ),
    ("voice or pause told (50 % by chance)", |of| of.voice, RGBColor(230, 159, 0)),
    ("1 s found in a known recording", |of| of.second, RGBColor(0, 158, 115)),
];

/// Draws the rows.
pub(crate) fn draw(path: &Path, rows: &[(&str, Measures)]) -> Outcome<()> {
    let area = SVGBackend::new(path, (1080, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("What lengths of sealed speech tell, by padding", ("sans-serif", 17).into_font())
        .margin(12)
        .x_label_area_size(34)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..rows.len() as f64, 0.0..135.0)?;
    let label = |x: &f64| {
        let at_middle = (x.fract() - 0.5).abs() < 0.01;
        let row = rows.get(x.floor() as usize).filter(|_| at_middle);
        row.map_or(String::new(), |(name, of)| {
            format!("{name}: {:.0} kbit/s", of.bytes * 8.0 / PACKET_MS as f64)
        })
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(rows.len() * 2 + 1)
        .x_label_formatter(&label)
        .y_labels(7)
        .y_label_formatter(&|y| if *y > 100.0 { String::new() } else { format!("{y:.0} %") })
        .label_style(("sans-serif", 12).into_font())
        .draw()?;
    let width = 0.8 / SERIES.len() as f64;
    for (place, (name, share, colour)) in SERIES.into_iter().enumerate() {
        let bars = rows
            .iter()
            .enumerate()
            .map(|(at, (_, of))| (at as f64 + 0.1 + width * place as f64, share(of) * 100.0));
        let boxes = bars.clone().map(|(left, height)| {
            Rectangle::new([(left, 0.0), (left + width * 0.94, height)], colour.filled())
        });
        chart
            .draw_series(boxes)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(8)));
        let figures = bars.map(|(left, height)| {
            let place = (left + width * 0.1, height + 5.0);
            Text::new(format!("{height:.0}"), place, ("sans-serif", 12).into_font())
        });
        chart.draw_series(figures)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .label_font(("sans-serif", 13).into_font())
        .draw()?;
    area.present()?;
    Ok(())
}
