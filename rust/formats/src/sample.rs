//! Bytes of a format, made from its description: what tests begin with.

use std::collections::HashMap;
use std::ops::Range;

use crate::described::find;
use crate::format::{Case, Count, Element, Field, Format, Group, Kind, Role, Union};

/// Bytes that are of a format.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where integers are on which something else depends: counts, lengths, tags,
    /// and those that may not have every value.
    pub decisive: Vec<Range<usize>>,
}

impl Sample {
    /// Bytes of `format`. Every choice is made by `choose`, which is given how many
    /// ways there are, and answers with a smaller number.
    pub fn of(groups: &[Group], format: &Format, choose: &mut dyn FnMut(u64) -> u64) -> Self {
        let mut sampler = Sampler {
            groups,
            choose,
            sample: Sample::default(),
        };
        sampler.format(format);
        sampler.sample
    }
}

struct Sampler<'s> {
    groups: &'s [Group],
    choose: &'s mut dyn FnMut(u64) -> u64,
    sample: Sample,
}

/// What was chosen for the fields of a format that came so far.
#[derive(Default)]
struct Chosen<'f> {
    /// How many elements an array has, by the field that counts them.
    counts: HashMap<&'f str, usize>,
    /// The layout of a union, by its tag.
    cases: HashMap<&'f str, &'f Case>,
    /// Where the length of a union is, and the lengths that it may have.
    lengths: HashMap<&'f str, (Range<usize>, Vec<u64>)>,
}

impl Sampler<'_> {
    fn below(&mut self, ways: u64) -> u64 {
        (self.choose)(ways) % ways
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let number = self.below(all.len().max(1) as u64);
        all.get(number as usize).copied()
    }

    fn random(&mut self, len: usize) {
        for _ in 0..len {
            let byte = self.below(256) as u8;
            self.sample.bytes.push(byte);
        }
    }

    fn integer(&mut self, value: u64, bits: u32) -> Range<usize> {
        let start = self.sample.bytes.len();
        let bytes = value.to_be_bytes();
        let from = bytes.len() - bits as usize / 8;
        self.sample.bytes.extend(&bytes[from..]);
        start..self.sample.bytes.len()
    }

    /// A number of elements, mostly a small one.
    fn count(&mut self, element: &Element, most: u64) -> usize {
        let few = matches!(element, Element::Format(_));
        let ways = match (self.below(32), few) {
            (0..24, true) => 4,
            (0..24, false) => 9,
            (24..30, true) => 9,
            (24..30, false) => 70,
            (30, false) => 600,
            _ => 256,
        };
        let count = match ways {
            // The longest that a byte can say, often.
            256 => 255 - self.below(2),
            _ => self.below(ways),
        };
        count.min(most) as usize
    }

    fn format(&mut self, format: &Format) {
        let mut chosen = Chosen::default();
        for field in &format.fields {
            match &field.kind {
                Kind::Integer { bits, allowed } => {
                    self.decide(format, field, *bits, allowed, &mut chosen);
                }
                Kind::Union(union) => self.union(format, union, &chosen),
                _ => self.field(format, field, &chosen, None),
            }
        }
    }

    /// An integer of a format.
    fn decide<'f>(
        &mut self,
        format: &'f Format,
        field: &'f Field,
        bits: u32,
        allowed: &[u64],
        chosen: &mut Chosen<'f>,
    ) {
        let most = u64::MAX >> (64 - bits);
        let name = &*field.c_name;
        let place = match format.role(field) {
            Role::Value | Role::Constant(_) if allowed.is_empty() => {
                self.random(bits as usize / 8);
                return;
            }
            Role::Value | Role::Constant(_) => {
                let value = self.one_of(allowed).unwrap_or_default();
                self.integer(value, bits)
            }
            Role::CountOf(array) => {
                let Kind::Array { element, .. } = &array.kind else {
                    unreachable!("only arrays are counted");
                };
                let count = self.count(element, most);
                chosen.counts.insert(name, count);
                self.integer(count as u64, bits)
            }
            Role::LengthOf(_) => {
                let place = self.integer(0, bits);
                let lengths = (place.clone(), allowed.to_vec());
                chosen.lengths.insert(name, lengths);
                place
            }
            Role::TagOf(union) => {
                let Kind::Union(union) = &union.kind else {
                    unreachable!("only unions have a tag");
                };
                let cases: Vec<&Case> = union.all_cases().collect();
                let case = self.one_of(&cases).expect("a union has a layout");
                chosen.cases.insert(name, case);
                let tag = self.tag(union, case, most, allowed);
                self.integer(tag, bits)
            }
        };
        self.sample.decisive.push(place);
    }

    /// A tag that means `case`.
    fn tag(&mut self, union: &Union, case: &Case, most: u64, allowed: &[u64]) -> u64 {
        if let Some((first, last)) = case.tags {
            return first + self.below(last - first + 1);
        }
        if let Some(tag) = self.one_of(allowed) {
            return tag;
        }
        let mut tag = self.below(256).min(most);
        let taken = |tag: u64| {
            let mut tags = union.cases.iter().filter_map(|case| case.tags);
            tags.any(|(first, last)| (first..=last).contains(&tag))
        };
        while taken(tag) {
            tag += 1;
        }
        tag
    }

    fn union(&mut self, format: &Format, union: &Union, chosen: &Chosen<'_>) {
        let case = chosen.cases[&*union.tag];
        let start = self.sample.bytes.len();
        let within = union.within.as_ref().map(|name| &chosen.lengths[&**name]);
        let len = within.map(|(_, allowed)| match self.one_of(allowed) {
            Some(len) => len as usize,
            None => self.count(&Element::Byte, 255),
        });
        for field in &case.fields {
            self.field(format, field, chosen, len);
        }
        if let Some((place, _)) = within {
            let len = (self.sample.bytes.len() - start) as u64;
            let bytes = len.to_be_bytes();
            let from = bytes.len() - place.len();
            self.sample.bytes[place.clone()].copy_from_slice(&bytes[from..]);
        }
    }

    /// A part that is no integer on which something depends. What goes up to the
    /// end has `rest` bytes, if that is given.
    fn field(&mut self, format: &Format, field: &Field, chosen: &Chosen<'_>, rest: Option<usize>) {
        match &field.kind {
            Kind::Integer { bits, .. } => self.random(*bits as usize / 8),
            Kind::Bytes(len) => self.random(*len),
            Kind::Array { element, count } => {
                let count = match (count, rest) {
                    (Count::Field(name), _) => chosen.counts[&**name],
                    (_, Some(rest)) => rest,
                    (_, None) => self.count(element, u64::MAX),
                };
                match element {
                    Element::Byte | Element::Char => self.random(count),
                    Element::U16 => self.random(2 * count),
                    Element::Format(name) => {
                        (0..count).for_each(|_| self.child(name));
                    }
                }
            }
            Kind::Child(name) => self.child(name),
            Kind::Text => {
                for _ in 0..self.count(&Element::Byte, 255) {
                    let byte = 1 + self.below(255) as u8;
                    self.sample.bytes.push(byte);
                }
                self.sample.bytes.push(0);
            }
            Kind::Position => {}
            Kind::Skipped => {
                let len = rest.unwrap_or_else(|| self.count(&Element::Byte, 255));
                self.random(len);
            }
            Kind::Union(_) => unreachable!("{} has a union in a union", format.c_name),
        }
    }

    fn child(&mut self, name: &str) {
        let groups = self.groups;
        self.format(find(groups, name).1);
    }
}
