//! Component `trunnel`: `src/trunnel`, all formats.
//!
//! * [`table`]: every function of either side.
//! * [`object`]: objects, and everything that can be seen of one.
//! * [`parse`]: bytes become objects.
//! * [`build`]: objects are built field by field.

include!(concat!(env!("OUT_DIR"), "/trunnel_names.rs"));

pub mod build;
pub mod object;
pub mod parse;
pub mod table;

use std::sync::OnceLock;

use arbitrary::Unstructured;
use formats::described::groups;
use formats::format::{Format, Group};
use formats::sample::Sample;

use crate::code::EntryPoint;
use crate::laboratory::{Side, Target};

/// The comparisons of this component.
pub const COMPARISONS: &[&dyn Target] = &[&parse::Parse, &build::Build];

/// Every function of this component, but for those whose answer is a constant.
pub fn entry_points(side: Side) -> Vec<EntryPoint> {
    match side {
        Side::C => every_function!(ctor::trunnel, "c_"),
        Side::Rust => every_function!(ffi::trunnel, ""),
    }
}

fn described() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(groups)
}

/// The description of the format with that number.
fn format(number: usize) -> &'static Format {
    let mut formats = described().iter().flat_map(|group| &group.formats);
    formats.nth(number).expect("the tables have as many")
}

/// The number of the format that C calls `name`.
pub fn number_of(name: &str) -> usize {
    let mut all = table::of(Side::C).iter();
    let number = all.position(|functions| functions.name == name);
    number.unwrap_or_else(|| panic!("no format is called {name}"))
}

/// A number below `ways`, from as few bytes as it takes; 0 when there are no more.
fn below(bytes: &mut Unstructured<'_>, ways: u64) -> u64 {
    let len = match ways {
        0..=1 => 0,
        2..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 8,
    };
    let taken = bytes.bytes(len.min(bytes.len())).unwrap_or_default();
    let number = taken
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    number % ways.max(1)
}

/// Bytes of the format with that number.
fn sample(bytes: &mut Unstructured<'_>, number: usize) -> Sample {
    Sample::of(described(), format(number), &mut |ways| below(bytes, ways))
}
