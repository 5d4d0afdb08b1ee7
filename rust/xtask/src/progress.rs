//! What the user sees while we work: one line a step with a spinner or a bar,
//! and the elapsed time, on standard error. Where that is not a terminal
//! (a log file, CI) each step prints a plain line when it begins and when it
//! ends, and a sign of life now and then.

use std::cell::Cell;
use std::time::{Duration, Instant};

use console::style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a long step says where it is when nobody watches a terminal.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// All steps of one run of this program.
pub struct Progress {
    bars: MultiProgress,
    terminal: bool,
}

/// What a step can say about how far it is.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// Nothing is known in advance: a spinner.
    Unknown,
    /// Percent, 0 to 100.
    Percent,
    /// Bytes, out of this many.
    Bytes(u64),
}

impl Progress {
    /// Draws bars if standard error is a terminal.
    pub fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            terminal: console::user_attended_stderr(),
        }
    }

    /// Begins a step. It ends with [`Step::done`]; a step that is dropped
    /// before that counts as failed.
    pub fn step(&self, label: impl Into<String>, scale: Scale) -> Step<'_> {
        let label = label.into();
        let bar = if self.terminal {
            let bar = match scale {
                Scale::Unknown => ProgressBar::new_spinner(),
                Scale::Percent => ProgressBar::new(100),
                Scale::Bytes(total) => ProgressBar::new(total),
            };
            let template = match scale {
                Scale::Unknown => "{spinner:.cyan} {prefix:.bold} {wide_msg:.dim} {elapsed}",
                Scale::Percent => {
                    "{spinner:.cyan} {prefix:.bold} {bar:30.cyan/dim} {pos:>3} % {wide_msg:.dim} {elapsed}"
                }
                Scale::Bytes(_) => {
                    "{spinner:.cyan} {prefix:.bold} {bar:20.cyan/dim} {binary_bytes} {binary_bytes_per_sec} {elapsed}"
                }
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━━─"));
            }
            let bar = self.bars.add(bar);
            bar.set_prefix(label.clone());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        } else {
            eprintln!("  {label} …");
            ProgressBar::hidden()
        };
        let now = Instant::now();
        Step {
            progress: self,
            bar,
            label,
            started: now,
            last_words: Cell::new(now),
            ended: Cell::new(false),
        }
    }

    /// A line that stays.
    pub fn say(&self, line: impl AsRef<str>) {
        if self.terminal {
            // Printing can only fail when standard error is gone, and then
            // there is nobody to tell.
            let _ = self.bars.println(line.as_ref());
        } else {
            eprintln!("{}", line.as_ref());
        }
    }
}

/// A step on its way.
pub struct Step<'a> {
    progress: &'a Progress,
    bar: ProgressBar,
    label: String,
    started: Instant,
    last_words: Cell<Instant>,
    ended: Cell<bool>,
}

impl Step<'_> {
    /// Says what the step is at: a file, a node, a test.
    pub fn note(&self, what: impl Into<String>) {
        let what = what.into();
        if !self.progress.terminal && self.last_words.get().elapsed() >= SIGN_OF_LIFE {
            self.last_words.set(Instant::now());
            eprintln!("  {} … {what} ({})", self.label, self.elapsed());
        }
        self.bar.set_message(what);
    }

    /// Moves the bar to this many units of its scale.
    pub fn position(&self, units: u64) {
        self.bar.set_position(units);
    }

    /// Ends the step well.
    pub fn done(self, result: impl AsRef<str>) {
        self.end(&style("✓").green().to_string(), result.as_ref());
    }

    fn end(&self, mark: &str, result: &str) {
        self.ended.set(true);
        self.bar.finish_and_clear();
        self.progress.bars.remove(&self.bar);
        let colon = if result.is_empty() { "" } else { ": " };
        self.progress.say(format!(
            "{mark} {}{colon}{result} {}",
            self.label,
            style(format!("({})", self.elapsed())).dim()
        ));
    }

    fn elapsed(&self) -> String {
        let elapsed = self.started.elapsed();
        if elapsed < Duration::from_secs(60) {
            format!("{:.1} s", elapsed.as_secs_f64())
        } else {
            let seconds = elapsed.as_secs();
            format!("{} min {:02} s", seconds / 60, seconds % 60)
        }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if !self.ended.get() {
            self.end(&style("✗").red().to_string(), "failed");
        }
    }
}
