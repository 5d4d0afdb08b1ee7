//! What C Tor logs, as a comparison needs it.
//!
//! Both sides log through C Tor (Rust by the host table), so one callback sees
//! the lines of both. They are kept per thread: tests run on several.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, CStr};
use std::fmt;
use std::mem;

/// `LOG_ERR` and `LOG_DEBUG`: syslog's numbers.
const MOST_SEVERE: c_int = 3;
const LEAST_SEVERE: c_int = 7;

/// `log_severity_list_t`: for each severity a mask of domains.
#[repr(C)]
struct Severities([u64; (LEAST_SEVERE - MOST_SEVERE + 1) as usize]);

extern "C" {
    fn add_callback_log(
        severity: *const Severities,
        callback: unsafe extern "C" fn(c_int, u64, *const c_char),
    ) -> c_int;
}

/// One log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// syslog's number: 3 is err, 4 warn, 5 notice, 6 info, 7 debug.
    pub severity: i32,
    /// C Tor's `LD_*` mask.
    pub domain: u64,
    /// The text without time and severity. The place in the source, where C Tor
    /// names one, is written `SOURCE`: it cannot be equal on both sides.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            3 => "err",
            4 => "warn",
            5 => "notice",
            6 => "info",
            _ => "debug",
        };
        write!(f, "[{severity}] (domain {:#x}) {}", self.domain, self.text)
    }
}

thread_local! {
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// The lines that this thread has logged since it was last asked.
pub fn take() -> Vec<Line> {
    LINES.with_borrow_mut(mem::take)
}

/// Makes C Tor tell us every line of every domain.
pub(crate) fn listen() {
    let severities = Severities([u64::MAX; 5]);
    // SAFETY: logging has been initialised; the list is copied, and the
    // callback is a function, which lives for ever.
    let status = unsafe { add_callback_log(&severities, heard) };
    assert_eq!(status, 0, "C Tor takes no log callback");
}

/// # Safety
/// `text` is NUL-terminated.
unsafe extern "C" fn heard(severity: c_int, domain: u64, text: *const c_char) {
    // SAFETY: this function's contract.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    // The addresses of a stack trace.
    if text.contains(" [0x") {
        return;
    }
    let line = Line {
        severity,
        domain,
        text: without_source(text.trim_end()),
    };
    // A thread that is ending logs for nobody.
    let _ending = LINES.try_with(|lines| {
        if let Ok(mut lines) = lines.try_borrow_mut() {
            lines.push(line);
        }
    });
}

/// `text` with each `FILE.c:LINE` or `FILE.rs:LINE` replaced by `SOURCE`.
fn without_source(text: &str) -> String {
    let masked = |word: &str| {
        let (file, line) = word.split_once(':')?;
        let source = file.ends_with(".c") || file.ends_with(".rs");
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        (source && rest.len() < line.len()).then(|| format!("SOURCE{rest}"))
    };
    let words: Vec<_> = text
        .split(' ')
        .map(|word| masked(word).unwrap_or_else(|| word.to_owned()))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::without_source;

    #[test]
    fn the_place_in_the_source_is_masked_and_nothing_else() {
        assert_eq!(
            without_source("Bug: src/core/a.c:17: f: 1:2 failed in x.rs:3. (on Tor)"),
            "Bug: SOURCE: f: 1:2 failed in SOURCE. (on Tor)"
        );
        assert_eq!(without_source("127.0.0.1:80 a.c: b"), "127.0.0.1:80 a.c: b");
    }
}
