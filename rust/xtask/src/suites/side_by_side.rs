//! A table of what is true of the C build and of the Rust build, row by row, each
//! with a verdict. It is shown, and written in Markdown for the README.

use std::fs;

use anyhow::{anyhow, Result};
use comfy_table::{presets, Table, TableStyle};

use super::{Outcome, Stage};

/// What is true of both builds.
#[derive(Debug)]
pub struct Row {
    /// What it is about.
    pub what: String,
    /// The C build's.
    pub c: String,
    /// The Rust build's.
    pub rust: String,
    /// Whether that is in order.
    pub verdict: Verdict,
}

/// What a row means.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Rust is not worse than C, or not by more than it may be.
    Fine,
    /// It is, and why that matters.
    Worse(String),
    /// Nothing is asked of this row; it is there to be known.
    ToBeKnown,
}

/// Shows the table, keeps it as Markdown in the folder `tables` beside the logs, and
/// counts the verdicts.
pub fn show(stage: &Stage<'_>, name: &str, rows: Vec<Row>) -> Result<Outcome> {
    let folder = stage.layout.tor().join("tables");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.md"));
    fs::write(
        &file,
        format!("{}\n", table(&rows, presets::ASCII_MARKDOWN)),
    )?;
    let shown = table(&rows, presets::UTF8_BORDERS_ONLY);
    stage.progress.say(shown.to_string());
    stage
        .progress
        .say(format!("the same in Markdown: {}", file.display()));
    Ok(count(rows))
}

fn table(rows: &[Row], style: TableStyle) -> Table {
    let mut table = Table::new();
    table.load_style(style);
    table.set_header(["", "C", "Rust"]);
    for row in rows {
        table.add_row([&row.what, &row.c, &row.rust]);
    }
    table
}

fn count(rows: Vec<Row>) -> Outcome {
    let mut outcome = Outcome::default();
    for row in rows {
        let result = match row.verdict {
            Verdict::Fine => Ok(()),
            Verdict::Worse(why) => Err(anyhow!("C {}, Rust {}: {why}", row.c, row.rust)),
            Verdict::ToBeKnown => continue,
        };
        outcome.check(&row.what, result);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(verdict: Verdict) -> Row {
        Row {
            what: "size".into(),
            c: "1".into(),
            rust: "9".into(),
            verdict,
        }
    }

    #[test]
    fn a_row_that_is_worse_fails_and_says_why() {
        let worse = row(Verdict::Worse("too large".into()));
        let outcome = count(vec![row(Verdict::Fine), worse, row(Verdict::ToBeKnown)]);
        let tally = outcome.other.unwrap();
        assert_eq!((tally.passed, tally.failed), (1, 1));
        assert_eq!(outcome.complaints, ["size: C 1, Rust 9: too large"]);
    }

    #[test]
    fn the_table_is_markdown() {
        let text = table(&[row(Verdict::Fine)], presets::ASCII_MARKDOWN).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines.iter().all(|line| line.starts_with('|')), "{text}");
    }
}
