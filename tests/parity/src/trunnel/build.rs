//! Objects are built field by field, in any order, right or wrong.
//!
//! The bytes of an input choose: format, whether it begins as a new object or as a
//! parsed sample, then steps. Each step is something that one of C's functions can
//! be called for.

use std::ffi::CString;
use std::fmt;
use std::ptr;

use arbitrary::{Result, Unstructured};
use formats::format::{Field, Format, Kind, Role};

use super::object::Owned;
use super::table::{self, Access, Elements, Grow, Object};
use super::{below, described, format, sample};
use crate::laboratory::{About, Comparison, Side};
use crate::observed::Observed;

/// The comparison.
pub struct Build;

/// What an object is made of, and how it is changed.
pub struct Case {
    format: usize,
    begin: Origin,
    steps: Vec<Step>,
}

/// Where an object comes from.
#[derive(Clone, Debug)]
enum Origin {
    Nowhere,
    New,
    Zeroed,
    Parsed(Vec<u8>),
}

/// One call, or a few that belong together.
#[derive(Debug)]
enum Step {
    /// Look at the object, and encode it.
    Look,
    ClearErrors,
    Integer(usize, u64),
    /// Make an integer say what it is there to say.
    Fit(usize),
    Element(usize, usize, u64),
    /// Through the pointer to the first.
    All(usize, u8),
    Add(usize, u64),
    AddChild(usize, Origin),
    SetLen(usize, usize),
    /// Up to the most, and beyond.
    Fill(usize),
    Str(usize, CString),
    Str0(usize, Vec<u8>),
    Text(usize, CString),
    /// The child, and whether the old one is freed with it.
    Child(usize, usize, Origin, bool),
    /// The child that is there already.
    SameChild(usize, usize),
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {:02x?}, then {:02x?}",
            format(self.format).c_name,
            self.begin,
            self.steps
        )
    }
}

const ABOUT: About = About {
    name: "trunnel-build",
    component: "trunnel",
    cases: 40_000,
    longest: 500,
    reaches: REACHES,
    faults: &["forgotten-error"],
};

const REACHES: &[(&str, u64)] = with_formats!(500;
    ("valid", 40_000),
    ("encoded", 60_000),
    ("too little space", 40_000),
    ("not encoded", 40_000),
    ("out of bounds", 300),
    ("an object is missing", 1_000),
    ("set has failed", 3_000),
    ("bad tag", 500),
    ("length mismatch", 3_000),
    ("text is missing", 500),
    ("refused", 5_000),
    ("full", 200),
);

const MOST_STEPS: u64 = 24;

impl Comparison for Build {
    type Input = Case;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn input(&self, bytes: &mut Unstructured<'_>) -> Result<Case> {
        let number = usize::from(bytes.bytes(1)?[0]) % table::of(Side::C).len();
        let begin = match below(bytes, 8) {
            0..3 => Origin::New,
            3 => Origin::Zeroed,
            _ => Origin::Parsed(sample(bytes, number).bytes),
        };
        let steps = below(bytes, MOST_STEPS);
        let steps = (0..steps).map(|_| step(bytes, number)).collect();
        Ok(Case {
            format: number,
            begin,
            steps,
        })
    }

    fn observe(&self, side: Side, case: &Case, seen: &mut Observed) {
        seen.reach(table::of(side)[case.format].name);
        let input: &[u8] = match &case.begin {
            Origin::Parsed(bytes) => bytes,
            _ => &[],
        };
        let begun = match &case.begin {
            Origin::Parsed(bytes) => Owned::parse(side, case.format, bytes).1,
            Origin::Zeroed => Some(Owned::zeroed(side, case.format)),
            Origin::New => Some(Owned::new(side, case.format)),
            Origin::Nowhere => None,
        };
        seen.note("begun", begun.is_some());
        let Some(object) = begun else { return };
        for step in &case.steps {
            take(side, &object, input, step, seen);
        }
        take(side, &object, input, &Step::Look, seen);
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = Vec::new();
        for number in 0..table::of(Side::C).len() as u8 {
            for factor in [7, 91, 133_u8] {
                let choices = (0..250_u8).map(|n| n.wrapping_mul(factor) ^ (n >> 4));
                seeds.push([number].into_iter().chain(choices).collect());
            }
        }
        seeds
    }
}

/// One step for an object of the format with that number.
fn step(bytes: &mut Unstructured<'_>, number: usize) -> Step {
    let fields = table::of(Side::C)[number].fields;
    match below(bytes, 16) {
        0 => return Step::Look,
        1 => return Step::ClearErrors,
        _ => {}
    }
    let chosen = below(bytes, fields.len() as u64) as usize;
    let described = format(number).c_fields()[chosen];
    let way = below(bytes, 16);
    match &fields[chosen].access {
        Access::Integer { .. } => match way {
            0..5 => Step::Fit(chosen),
            _ => Step::Integer(chosen, integer(bytes, described)),
        },
        Access::Bytes(_) => elements(bytes, chosen, way),
        Access::Array { .. } => array(bytes, chosen, way),
        Access::String { .. } => match way {
            0..4 => Step::Str(chosen, text(bytes)),
            4..7 => {
                let len = len(bytes);
                Step::Str0(chosen, (0..len).map(|_| below(bytes, 256) as u8).collect())
            }
            _ => array(bytes, chosen, way),
        },
        Access::List { child, .. } => match way {
            0..7 => Step::AddChild(chosen, origin(bytes, *child)),
            7..9 => Step::SetLen(chosen, len(bytes)),
            9 => Step::Fill(chosen),
            10..12 => Step::SameChild(chosen, below(bytes, 256) as usize),
            _ => {
                let at = below(bytes, 256) as usize;
                Step::Child(chosen, at, origin(bytes, *child), way < 14)
            }
        },
        Access::Child { child, .. } => match way {
            0..3 => Step::SameChild(chosen, 0),
            _ => Step::Child(chosen, 0, origin(bytes, *child), way < 10),
        },
        Access::Text { .. } => Step::Text(chosen, text(bytes)),
        Access::Position { .. } => Step::Look,
    }
}

/// A value for an integer, mostly one that it may have.
fn integer(bytes: &mut Unstructured<'_>, field: &Field) -> u64 {
    let Kind::Integer { bits, allowed } = &field.kind else {
        unreachable!("C has an integer there");
    };
    let value = match below(bytes, 8) {
        0..5 if !allowed.is_empty() => allowed[below(bytes, allowed.len() as u64) as usize],
        0..6 => below(bytes, 8),
        6 => below(bytes, 0x1_0000),
        _ => below(bytes, u64::MAX),
    };
    value & (u64::MAX >> (64 - bits))
}

fn elements(bytes: &mut Unstructured<'_>, chosen: usize, way: u64) -> Step {
    match way % 2 {
        0 => Step::All(chosen, below(bytes, 256) as u8),
        _ => Step::Element(chosen, below(bytes, 256) as usize, below(bytes, 0x1_0000)),
    }
}

fn array(bytes: &mut Unstructured<'_>, chosen: usize, way: u64) -> Step {
    match way {
        0..6 => elements(bytes, chosen, way),
        6..11 => Step::SetLen(chosen, len(bytes)),
        11 => Step::Fill(chosen),
        _ => Step::Add(chosen, below(bytes, 0x1_0000)),
    }
}

/// A length, mostly a small one, sometimes more than a byte or two can say.
fn len(bytes: &mut Unstructured<'_>) -> usize {
    let len = match below(bytes, 32) {
        0..20 => below(bytes, 8),
        20..28 => below(bytes, 40),
        28..31 => 250 + below(bytes, 16),
        _ => 0xfff8 + below(bytes, 16),
    };
    len as usize
}

fn text(bytes: &mut Unstructured<'_>) -> CString {
    let len = len(bytes);
    let text: Vec<u8> = (0..len).map(|_| 1 + below(bytes, 255) as u8).collect();
    CString::new(text).expect("no zero is in it")
}

fn origin(bytes: &mut Unstructured<'_>, number: usize) -> Origin {
    match below(bytes, 8) {
        0 => Origin::Nowhere,
        1 => Origin::New,
        2 => Origin::Zeroed,
        _ => Origin::Parsed(sample(bytes, number).bytes),
    }
}

/// A child from there; null if it comes from nowhere.
fn child(side: Side, number: usize, origin: &Origin) -> Object {
    let child = match origin {
        Origin::Nowhere => None,
        Origin::New => Some(Owned::new(side, number)),
        Origin::Zeroed => Some(Owned::zeroed(side, number)),
        Origin::Parsed(bytes) => Owned::parse(side, number, bytes).1,
    };
    child.map_or(ptr::null_mut(), Owned::release)
}

/// Takes one step.
fn take(side: Side, object: &Owned, input: &[u8], step: &Step, seen: &mut Observed) {
    let functions = object.functions();
    let it = object.as_ptr();
    let access = |field: &usize| {
        (
            &functions.fields[*field].access,
            functions.fields[*field].name,
        )
    };
    // SAFETY: `it` is an object of that side and format; numbers are below the length
    // of what they are for; what is given away is not used any more, and what is
    // taken out is freed once.
    unsafe {
        match step {
            Step::Look => {
                object.note(input, seen);
                object.note_encoded(seen);
            }
            Step::ClearErrors => seen.note("clear_errors", (functions.clear_errors)(it)),
            Step::Integer(field, value) => {
                if let (Access::Integer { get, set }, name) = access(field) {
                    note_status(name, set(it, *value), seen);
                    seen.note(name, get(it));
                }
            }
            Step::Fit(field) => {
                if let (Access::Integer { set, .. }, name) = access(field) {
                    note_status(name, set(it, fitting(object, *field)), seen);
                }
            }
            Step::Element(field, number, value) => {
                let (Some(elements), name) = elements_of(access(field)) else {
                    return;
                };
                let len = (elements.len)(it);
                if let Some(number) = number.checked_rem(len) {
                    note_status(name, (elements.set)(it, number, *value), seen);
                }
            }
            Step::All(field, value) => {
                let (Some(elements), _) = elements_of(access(field)) else {
                    return;
                };
                let len = (elements.len)(it) * elements.width;
                let all = (elements.all)(it);
                for number in 0..len {
                    all.add(number).write(value.wrapping_add(number as u8));
                }
            }
            Step::Add(field, value) => {
                if let (Some(grow), name) = grow_of(access(field)) {
                    note_status(name, (grow.add)(it, *value), seen);
                }
            }
            Step::AddChild(field, origin) => {
                if let (Access::List { grow, child, .. }, name) = access(field) {
                    add_child(side, it, *child, origin, (grow, name), seen);
                }
            }
            Step::SetLen(field, len) => {
                if let (Some(grow), name) = grow_of(access(field)) {
                    // A long list takes long to look at.
                    let most = match access(field).0 {
                        Access::List { .. } => 300,
                        _ => usize::MAX,
                    };
                    note_status(name, (grow.set_len)(it, most.min(*len)), seen);
                }
            }
            Step::Fill(field) => {
                let most = match most(object, *field) {
                    Some(most) => most as usize,
                    None => 20,
                };
                let (Some(grow), name) = grow_of(access(field)) else {
                    return;
                };
                note_status(name, (grow.set_len)(it, most + 1), seen);
                note_status(name, (grow.set_len)(it, most - 1), seen);
                for _ in 0..3 {
                    match access(field).0 {
                        Access::List { child, .. } => {
                            add_child(side, it, *child, &Origin::New, (grow, name), seen);
                        }
                        _ => note_status(name, (grow.add)(it, 7), seen),
                    }
                }
                seen.reach("full");
            }
            Step::Str(field, text) => {
                if let (Access::String { set_str, .. }, name) = access(field) {
                    note_status(name, set_str(it, text.as_ptr()), seen);
                }
            }
            Step::Str0(field, text) => {
                if let (Access::String { set_str0, .. }, name) = access(field) {
                    note_status(name, set_str0(it, text.as_ptr().cast(), text.len()), seen);
                }
            }
            Step::Text(field, text) => {
                if let (Access::Text { set, .. }, name) = access(field) {
                    note_status(name, set(it, text.as_ptr()), seen);
                }
            }
            Step::Child(field, number, origin, frees) => match access(field) {
                (
                    Access::List {
                        elements,
                        child: of,
                        set0,
                        ..
                    },
                    name,
                ) => {
                    let Some(number) = number.checked_rem((elements.len)(it)) else {
                        return;
                    };
                    let new = child(side, *of, origin) as usize as u64;
                    let status = if *frees {
                        (elements.set)(it, number, new)
                    } else {
                        let old = (elements.get)(it, number) as usize as Object;
                        (table::of(side)[*of].free)(old);
                        set0(it, number, new)
                    };
                    note_status(name, status, seen);
                }
                (
                    Access::Child {
                        child: of,
                        get,
                        set,
                        set0,
                        ..
                    },
                    name,
                ) => {
                    let new = child(side, *of, origin);
                    let status = if *frees {
                        set(it, new)
                    } else {
                        (table::of(side)[*of].free)(get(it));
                        set0(it, new)
                    };
                    note_status(name, status, seen);
                }
                _ => {}
            },
            Step::SameChild(field, number) => match access(field) {
                (Access::List { elements, .. }, name) => {
                    if let Some(number) = number.checked_rem((elements.len)(it)) {
                        let same = (elements.get)(it, number);
                        note_status(name, (elements.set)(it, number, same), seen);
                    }
                }
                (Access::Child { get, set, .. }, name) => {
                    note_status(name, set(it, get(it)), seen);
                }
                _ => {}
            },
        }
    }
}

fn note_status(name: &'static str, status: i32, seen: &mut Observed) {
    seen.note(name, status);
    if status != 0 {
        seen.reach("refused");
    }
}

/// Adds a child; one that does not fit is freed.
///
/// # Safety
/// `it` is an object of that side, which has these functions.
unsafe fn add_child(
    side: Side,
    it: Object,
    of: usize,
    origin: &Origin,
    (grow, name): (&Grow, &'static str),
    seen: &mut Observed,
) {
    let new = child(side, of, origin);
    // SAFETY: this function's contract; a child that is refused is still ours.
    unsafe {
        let status = (grow.add)(it, new as usize as u64);
        note_status(name, status, seen);
        if status != 0 {
            (table::of(side)[of].free)(new);
        }
    }
}

fn elements_of(
    (access, name): (&'static Access, &'static str),
) -> (Option<&'static Elements>, &'static str) {
    let elements = match access {
        Access::Bytes(elements)
        | Access::Array { elements, .. }
        | Access::String { elements, .. } => Some(elements),
        _ => None,
    };
    (elements, name)
}

fn grow_of(
    (access, name): (&'static Access, &'static str),
) -> (Option<&'static Grow>, &'static str) {
    let grow = match access {
        Access::Array { grow, .. } | Access::String { grow, .. } | Access::List { grow, .. } => {
            Some(grow)
        }
        _ => None,
    };
    (grow, name)
}

/// The description of an object's field.
fn described_field(object: &Owned, field: usize) -> (&'static Format, &'static Field) {
    let mut all = described().iter().flat_map(|group| &group.formats);
    let name = object.functions().name;
    let format = all.find(|format| format.c_name == name);
    let format = format.expect("the tables are those of the descriptions");
    (format, format.c_fields()[field])
}

/// The most elements that a field may have.
fn most(object: &Owned, field: usize) -> Option<u64> {
    let (format, field) = described_field(object, field);
    match &field.kind {
        Kind::Array { count, .. } => format.most(count),
        _ => None,
    }
}

/// What an integer would have to be for the rest to be valid, if something counts on
/// it; else a value that it may have.
fn fitting(object: &Owned, field: usize) -> u64 {
    let (format, field) = described_field(object, field);
    let Kind::Integer { allowed, .. } = &field.kind else {
        return 0;
    };
    match format.role(field) {
        Role::CountOf(array) => {
            let of_array = |field: &&table::Field| field.name == array.c_name;
            let array = object.functions().fields.iter().find(of_array);
            match array.map(|array| &array.access) {
                Some(
                    Access::Array { elements, .. }
                    | Access::String { elements, .. }
                    | Access::List { elements, .. },
                ) => {
                    // SAFETY: an object of that side and format.
                    unsafe { (elements.len)(object.as_ptr()) as u64 }
                }
                _ => 0,
            }
        }
        _ => allowed.first().copied().unwrap_or(1),
    }
}
