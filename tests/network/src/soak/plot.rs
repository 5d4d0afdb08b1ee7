//! The picture of a soak: memory of each relay over time, builds in different
//! colours, a vertical line where the network was disturbed.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::{Color, RGBColor};

use super::disturb::Act;
use super::memory::{mib, Life, Sample};
use super::Report;

/// Draws anonymous memory as an SVG of 960 by 480.
pub fn draw(path: &Path, report: &Report) -> Result<()> {
    let minutes = (report.lasted.as_secs_f64() / 60.0).max(0.1);
    let samples = report.lives.iter().flat_map(|life| &life.samples);
    let most = samples
        .map(|sample| mib(sample.anonymous))
        .fold(1.0, f64::max);
    let area = SVGBackend::new(path, (960, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "memory of each relay: RSS less mapped files",
            ("sans-serif", 20),
        )
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(50)
        // Room for the legend on the right.
        .build_cartesian_2d(0.0..minutes * 1.22, 0.0..most * 1.15)?;
    chart
        .configure_mesh()
        .x_desc("minutes")
        .y_desc("MiB")
        .light_line_style(WHITE)
        .draw()?;

    for (act, name, colour) in MARKS {
        let of_kind = |what: &&super::Happened| what.what.act == act;
        let lines = report.disturbances.iter().filter(of_kind).map(|happened| {
            let at = happened.from.as_secs_f64() / 60.0;
            PathElement::new([(at, 0.0), (at, most * 1.15)], colour.mix(0.5))
        });
        let drawn = chart.draw_series(lines)?;
        drawn
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.mix(0.5)));
    }

    let mut named: Vec<&str> = Vec::new();
    for life in &report.lives {
        let colour = colour(life, &named);
        let points = thinned(&life.samples)
            .map(|sample| (sample.at.as_secs_f64() / 60.0, mib(sample.anonymous)));
        let drawn = chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
        // Every further life of a relay looks like its first.
        if !named.contains(&life.node.as_str()) {
            named.push(&life.node);
            drawn
                .label(format!("{} ({})", life.node, life.build))
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE)
        .border_style(RGBColor(200, 200, 200))
        .draw()?;
    area.present()?;
    Ok(())
}

/// C is blue, everything else orange to red; relays of one build differ in shade.
fn colour(life: &Life, named: &[&str]) -> RGBColor {
    let position = named.iter().position(|node| *node == life.node);
    let shades = match life.build.as_str() {
        "C" => C_SHADES,
        _ => RUST_SHADES,
    };
    shades[position.unwrap_or(named.len()) % shades.len()]
}

/// A curve of an hours-long soak needs no point for every second.
fn thinned(samples: &[Sample]) -> impl Iterator<Item = &Sample> {
    samples
        .iter()
        .step_by(samples.len().div_ceil(MOST_POINTS).max(1))
}

const MOST_POINTS: usize = 900;
const C_SHADES: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(86, 160, 211),
    RGBColor(12, 74, 120),
    RGBColor(124, 190, 232),
    RGBColor(0, 100, 160),
    RGBColor(60, 90, 200),
];
const RUST_SHADES: [RGBColor; 6] = [
    RGBColor(214, 69, 35),
    RGBColor(240, 140, 50),
    RGBColor(150, 40, 20),
    RGBColor(250, 180, 90),
    RGBColor(190, 100, 30),
    RGBColor(230, 60, 90),
];
const MARKS: [(Act, &str, RGBColor); 4] = [
    (Act::KillRelay, "relay killed", RGBColor(120, 120, 120)),
    (Act::KillClient, "client killed", RGBColor(140, 80, 180)),
    (Act::Freeze, "relay frozen", RGBColor(80, 180, 180)),
    (Act::Reload, "relay reloads", RGBColor(120, 180, 80)),
];
