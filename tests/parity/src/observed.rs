//! What a caller can see of an implementation: the notes that a comparison
//! takes, and the log lines between them.

use std::fmt;

use ctor::log::{self, Line};

use crate::laboratory::Reached;

/// The notes about one side, in the order in which things happened.
#[derive(Debug, Default)]
pub struct Observed {
    events: Vec<Event>,
    complaints: Vec<String>,
    pub(crate) reached: Reached,
}

/// One thing that was seen.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Noted { what: &'static str, value: Value },
    Logged(Line),
}

/// Something that can be noted.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, such as a return code or a length.
    Number(i128),
    /// A verdict.
    Flag(bool),
    /// Bytes, such as an output or a cell.
    Bytes(Vec<u8>),
    /// Nothing, where there could have been bytes.
    Nothing,
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Flag(flag)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Value::Bytes(bytes.to_owned())
    }
}

impl<T: AsRef<[u8]>> From<Option<T>> for Value {
    fn from(bytes: Option<T>) -> Self {
        bytes.map_or(Value::Nothing, |bytes| bytes.as_ref().into())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Value::Number(number as i128)
            }
        }
    )*};
}

numbers!(i32, i64, u8, u16, u32, u64, usize, isize);

impl Observed {
    /// Begins to listen to this thread's log lines.
    pub(crate) fn begin() -> Self {
        log::take();
        Self::default()
    }

    /// Adds the log lines after the last note.
    pub(crate) fn end(mut self) -> Self {
        self.collect_log();
        self
    }

    fn collect_log(&mut self) {
        self.events
            .extend(log::take().into_iter().map(Event::Logged));
    }

    /// Notes a value. It has to be equal on both sides.
    pub fn note(&mut self, what: &'static str, value: impl Into<Value>) {
        self.collect_log();
        let value = value.into();
        self.events.push(Event::Noted { what, value });
    }

    /// Counts that an input reached a place that is worth reaching.
    pub fn reach(&mut self, place: &'static str) {
        *self.reached.entry(place).or_default() += 1;
    }

    /// Notes that this side is wrong, whatever the other one does.
    pub fn complain(&mut self, what: String) {
        self.complaints.push(what);
    }
}

/// Where the sides first differ, in one line; or a side's complaint.
pub(crate) fn difference(c: &Observed, rust: &Observed) -> Option<String> {
    let count = c.events.len().max(rust.events.len());
    for number in 0..count {
        let (c, rust) = (c.events.get(number), rust.events.get(number));
        if c != rust {
            let shown = |event: Option<&Event>| match event {
                Some(event) => event.to_string(),
                None => "nothing more".into(),
            };
            let place = first_different_byte(c, rust).unwrap_or_default();
            return Some(format!(
                "event {number}{place}: C {}, Rust {}",
                shown(c),
                shown(rust)
            ));
        }
    }
    let sides = [("C", c), ("Rust", rust)];
    sides.into_iter().find_map(|(side, seen)| {
        let complaint = seen.complaints.first()?;
        Some(format!("{side}: {complaint}"))
    })
}

fn first_different_byte(c: Option<&Event>, rust: Option<&Event>) -> Option<String> {
    let (Event::Noted { value: c, .. }, Event::Noted { value: rust, .. }) = (c?, rust?) else {
        return None;
    };
    let (Value::Bytes(c), Value::Bytes(rust)) = (c, rust) else {
        return None;
    };
    let at = c.iter().zip(rust).position(|(c, rust)| c != rust)?;
    Some(format!(", different from byte {at} on"))
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Noted { what, value } => write!(f, "{what} = {value}"),
            Event::Logged(line) => write!(f, "logged {line}"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 24;
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::Nothing => f.write_str("nothing"),
            Value::Bytes(bytes) => {
                for byte in bytes.iter().take(SHOWN) {
                    write!(f, "{byte:02x}")?;
                }
                match bytes.len() {
                    len if len > SHOWN => write!(f, "... ({len} bytes)"),
                    _ => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(code: i32, bytes: &[u8]) -> Observed {
        let mut seen = Observed::default();
        seen.events.push(Event::Noted {
            what: "return code",
            value: code.into(),
        });
        seen.events.push(Event::Noted {
            what: "output",
            value: bytes.into(),
        });
        seen
    }

    fn line(severity: i32, text: &str) -> Event {
        Event::Logged(Line {
            severity,
            domain: 1,
            text: text.into(),
        })
    }

    #[test]
    fn equal_notes_are_no_difference() {
        assert_eq!(difference(&seen(0, b"abc"), &seen(0, b"abc")), None);
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        let told = |c: &Observed, rust: &Observed| difference(c, rust).unwrap();
        assert_eq!(
            told(&seen(0, b"abc"), &seen(-1, b"abc")),
            "event 0: C return code = 0, Rust return code = -1"
        );
        let bytes = told(&seen(0, b"abc"), &seen(0, b"abd"));
        assert!(bytes.contains("from byte 2 on"), "{bytes}");
        let (mut c, mut rust) = (seen(0, b""), seen(0, b""));
        c.events.push(line(4, "a"));
        assert!(told(&c, &rust).ends_with("Rust nothing more"));
        rust.events.push(line(5, "a"));
        assert!(told(&c, &rust).contains("[warn]") && told(&c, &rust).contains("[notice]"));
        rust.events[2] = line(4, "b");
        assert!(difference(&c, &rust).is_some());
    }

    #[test]
    fn a_complaint_counts_even_if_the_sides_agree() {
        let mut c = seen(0, b"");
        c.complain("wrong".into());
        assert_eq!(difference(&c, &seen(0, b"")).unwrap(), "C: wrong");
    }
}
