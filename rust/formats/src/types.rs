//! The strict types of crate `wire`: what was parsed cannot be wrong.
//!
//! What follows from something else does not exist in them: counts and lengths,
//! the tag that a variant implies, an integer with one possible value.

use std::fmt::Write as _;

use crate::described::{find, groups};
use crate::format::{Case, Count, Element, Field, Format, Group, Kind, Role, Union};

/// The modules of `wire::formats`, as Rust code.
pub fn generate() -> String {
    let groups = groups();
    let mut out = String::new();
    for group in &groups {
        let _ = writeln!(out, "/// Formats of C Tor's `{}`.", group.header);
        let _ = writeln!(out, "pub mod {} {{", group.name);
        out.push_str(
            "#[allow(unused_imports)]\nuse crate::format::{Error, Format, List, Reader, Writer};\n",
        );
        for format in &group.formats {
            Writer {
                groups: &groups,
                group,
                format,
            }
            .structure(&mut out);
        }
        out.push_str("}\n");
    }
    out
}

/// Writes what follows from one format.
struct Writer<'g> {
    groups: &'g [Group],
    group: &'g Group,
    format: &'g Format,
}

impl Writer<'_> {
    fn structure(&self, out: &mut String) {
        let format = self.format;
        let name = &format.rust_name;
        let life = lifetime(borrows(self.groups, &format.fields));
        for field in &format.fields {
            if let Kind::Union(union) = &field.kind {
                self.union(out, union);
            }
        }
        doc(out, &format.doc);
        let _ = writeln!(
            out,
            "#[derive(Clone, Copy, Debug, PartialEq)]\npub struct {name}{life} {{"
        );
        for field in self.kept() {
            self.declare(out, field, "pub ");
        }
        out.push_str("}\n");

        let _ = writeln!(out, "impl<'a> Format<'a> for {name}{life} {{");
        out.push_str("#[inline]\nfn read(reader: &mut Reader<'a>) -> Result<Self, Error> {\n");
        if format
            .fields
            .iter()
            .any(|field| matches!(field.kind, Kind::Position))
        {
            out.push_str("let whole = reader.len();\n");
        }
        for field in &format.fields {
            self.read_field(out, field);
        }
        let _ = writeln!(
            out,
            "Ok({name} {{ {} }})",
            self.kept()
                .map(|field| format!("{}, ", field.rust_name))
                .collect::<String>()
        );
        out.push_str(
            "}\n#[inline(always)]\nfn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {\n",
        );
        for field in &format.fields {
            self.write_field(out, field);
        }
        out.push_str("Ok(())\n}\n}\n");
    }

    /// The fields that the strict type has.
    fn kept(&self) -> impl Iterator<Item = &Field> {
        let format = self.format;
        format
            .fields
            .iter()
            .filter(|field| matches!(format.role(field), Role::Value))
    }

    fn declare(&self, out: &mut String, field: &Field, visible: &str) {
        let text = match (&field.doc[..], &field.kind) {
            ("", Kind::Position) => "Where it is, in bytes from the beginning.".to_owned(),
            ("", Kind::Skipped) => "Bytes without a meaning.".to_owned(),
            ("", _) => format!("`{}`.", field.c_name),
            (text, _) => text.to_owned(),
        };
        doc(out, &text);
        let _ = writeln!(
            out,
            "{visible}{}: {},",
            field.rust_name,
            self.type_of(field)
        );
    }

    fn type_of(&self, field: &Field) -> String {
        match &field.kind {
            Kind::Integer { bits, .. } => format!("u{bits}"),
            Kind::Bytes(len) => format!("&'a [u8; {len}]"),
            Kind::Array { element, .. } => match element {
                Element::Byte | Element::Char => "&'a [u8]".into(),
                Element::U16 => "List<'a, u16>".into(),
                Element::Format(name) => format!("List<'a, {}>", self.path(name)),
            },
            Kind::Child(name) => self.path(name),
            Kind::Text => "&'a core::ffi::CStr".into(),
            Kind::Position => "usize".into(),
            Kind::Skipped => "&'a [u8]".into(),
            Kind::Union(union) => union_type(self.groups, union),
        }
    }

    /// The strict type of the format that C calls `name`.
    fn path(&self, name: &str) -> String {
        let (group, format) = find(self.groups, name);
        let life = lifetime(borrows(self.groups, &format.fields));
        match group.name == self.group.name {
            true => format!("{}{life}", format.rust_name),
            false => format!("super::{}::{}{life}", group.name, format.rust_name),
        }
    }

    fn union(&self, out: &mut String, union: &Union) {
        let name = &union.rust_name;
        let bits = self.format.bits(&union.tag);
        let _ = writeln!(out, "/// What `{}` says.", union.tag);
        let of = union_type(self.groups, union);
        let _ = writeln!(
            out,
            "#[derive(Clone, Copy, Debug, PartialEq)]\npub enum {of} {{"
        );
        for case in union.all_cases() {
            let tags = match case.tags {
                Some((first, last)) if first == last => format!("{first}"),
                Some((first, last)) => format!("From {first} to {last}"),
                None => "Anything else".into(),
            };
            let _ = writeln!(out, "/// {tags}.\n{} {{", case.variant);
            if !case.implies_tag() {
                let _ = writeln!(out, "/// The tag.\n{}: u{bits},", union.tag);
            }
            for field in &case.fields {
                self.declare(out, field, "");
            }
            out.push_str("},\n");
        }
        let _ = writeln!(out, "}}\nimpl {} {{", of.replace("<'a>", "<'_>"));
        let _ = writeln!(
            out,
            "/// `{}`.\n#[inline]\npub fn tag(&self) -> u{bits} {{\nmatch *self {{",
            union.tag
        );
        for case in union.all_cases() {
            let _ = match case.tags {
                Some((only, _)) if case.implies_tag() => {
                    writeln!(out, "{name}::{} {{ .. }} => {only},", case.variant)
                }
                _ => writeln!(
                    out,
                    "{name}::{} {{ {}, .. }} => {},",
                    case.variant, union.tag, union.tag
                ),
            };
        }
        out.push_str("}\n}\n");
        // Inlined where a value is made, it is not looked at twice which variant that is.
        out.push_str("#[inline(always)]\nfn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {\nmatch *self {\n");
        for case in union.all_cases() {
            let _ = writeln!(
                out,
                "{name}::{} {{ {} .. }} => {{",
                case.variant,
                names(case)
            );
            if let (Some((first, last)), false) = (case.tags, case.implies_tag()) {
                let tag = &union.tag;
                let _ = writeln!(out, "if !({first}..={last}).contains(&self.tag()) {{ return Err(Error::Invalid); }} let _ = {tag:?};");
            } else if case.tags.is_none() {
                for Case { tags, .. } in &union.cases {
                    let Some((first, last)) = tags else { continue };
                    let _ = writeln!(out, "if ({first}..={last}).contains(&self.tag()) {{ return Err(Error::Invalid); }}");
                }
            }
            for field in &case.fields {
                self.put(out, field, &field.rust_name);
            }
            out.push_str("}\n");
        }
        out.push_str("}\nOk(())\n}\n");
        if union.within.is_some() {
            out.push_str("/// The length of what it says, in bytes.\n#[inline]\npub fn body_len(&self) -> usize {\n");
            out.push_str("let mut writer = Writer::counting();\nlet _valid = self.write(&mut writer);\nwriter.written()\n}\n");
        }
        out.push_str("}\n");
    }

    fn read_field(&self, out: &mut String, field: &Field) {
        let name = &field.rust_name;
        let value = match &field.kind {
            Kind::Integer { bits, .. } => format!("u{bits}::read(reader)?"),
            Kind::Bytes(_) => "reader.array()?".into(),
            Kind::Array { element, count } => match (element, count) {
                (Element::Byte | Element::Char, Count::Field(count)) => {
                    format!("reader.take({count}.into())?")
                }
                (Element::Byte | Element::Char, Count::Rest) => "reader.rest()".into(),
                (Element::Byte | Element::Char, Count::AllBut(last)) => {
                    format!("reader.all_but({last})?")
                }
                (_, Count::Field(count)) => format!("List::read(reader, {count}.into())?"),
                (_, Count::Rest) => "List::read_all(reader)?".into(),
                (_, Count::AllBut(_)) => unreachable!("no such format"),
            },
            Kind::Child(_) => "Format::read(reader)?".into(),
            Kind::Text => "reader.text()?".into(),
            Kind::Position => "whole - reader.len()".into(),
            Kind::Skipped => "reader.rest()".into(),
            Kind::Union(union) => self.read_union(union),
        };
        let _ = writeln!(out, "let {name} = {value};");
        if let Kind::Integer { allowed, .. } = &field.kind {
            if !allowed.is_empty() {
                let _ = writeln!(
                    out,
                    "if !matches!({name}, {}) {{ return Err(Error::Invalid); }}",
                    either(allowed)
                );
            }
        }
    }

    fn read_union(&self, union: &Union) -> String {
        let mut out = String::from("{\n");
        if let Some(len) = &union.within {
            // A union that is too short for what is in it is invalid, not truncated:
            // its length is there.
            let _ = writeln!(
                out,
                "let mut reader = Reader::new(reader.take({len}.into())?);"
            );
            out.push_str("let reader = &mut reader;\n");
            out.push_str("let read = |reader: &mut Reader<'a>| -> Result<_, Error> { Ok(");
        }
        let _ = writeln!(out, "match {} {{", union.tag);
        for case in union.all_cases() {
            let pattern = case.pattern();
            let _ = writeln!(out, "{pattern} => {{");
            for field in &case.fields {
                self.read_field(&mut out, field);
            }
            let tag = match case.implies_tag() {
                true => String::new(),
                false => format!("{}, ", union.tag),
            };
            let _ = writeln!(
                out,
                "{}::{} {{ {tag}{} }}\n}}",
                union.rust_name,
                case.variant,
                names(case)
            );
        }
        if union.default.is_none() {
            out.push_str("_ => return Err(Error::Invalid),\n");
        }
        out.push('}');
        if union.within.is_some() {
            out.push_str(") };\nlet value = read(reader).map_err(|_| Error::Invalid)?;\nif reader.len() > 0 { return Err(Error::Invalid); }\nvalue\n");
        }
        out.push('}');
        out
    }

    fn write_field(&self, out: &mut String, field: &Field) {
        let name = &field.rust_name;
        let Kind::Integer { bits, .. } = &field.kind else {
            if let Kind::Union(Union {
                within: Some(len), ..
            }) = &field.kind
            {
                let len = &self.format.field(len).rust_name;
                let _ = writeln!(
                    out,
                    "let before = writer.written();\nself.{name}.write(writer)?;"
                );
                let _ = writeln!(out, "writer.put_len({len}_at, before)?;");
            } else {
                self.put(out, field, &format!("self.{name}"));
            }
            return;
        };
        let value = match self.format.role(field) {
            Role::Value => {
                self.put(out, field, &format!("self.{name}"));
                return;
            }
            Role::Constant(value) => format!("{value}_u{bits}"),
            Role::CountOf(array) => format!(
                "u{bits}::try_from(self.{}.len()).map_err(|_| Error::Invalid)?",
                array.rust_name
            ),
            Role::TagOf(union) => format!("self.{}.tag()", union.rust_name),
            Role::LengthOf(_) => {
                let _ = writeln!(out, "let {name}_at = writer.leave::<{}>()?;", bits / 8);
                return;
            }
        };
        let _ = writeln!(out, "({value}).write(writer)?;");
    }

    fn put(&self, out: &mut String, field: &Field, value: &str) {
        if let Kind::Integer { allowed, .. } = &field.kind {
            if !allowed.is_empty() {
                let _ = writeln!(
                    out,
                    "if !matches!({value}, {}) {{ return Err(Error::Invalid); }}",
                    either(allowed)
                );
            }
        }
        let _ = match &field.kind {
            Kind::Bytes(_) => writeln!(out, "writer.put({value})?;"),
            Kind::Array {
                element: Element::Byte | Element::Char,
                ..
            }
            | Kind::Skipped => writeln!(out, "writer.put({value})?;"),
            Kind::Text => writeln!(out, "writer.put({value}.to_bytes_with_nul())?;"),
            Kind::Position => Ok(()),
            _ => writeln!(out, "{value}.write(writer)?;"),
        };
    }
}

/// The names of a variant's fields, as a pattern and as an expression.
fn names(case: &Case) -> String {
    case.fields
        .iter()
        .map(|field| format!("{}, ", field.rust_name))
        .collect()
}

fn union_type(groups: &[Group], union: &Union) -> String {
    let borrowing = union.all_cases().any(|case| borrows(groups, &case.fields));
    format!("{}{}", union.rust_name, lifetime(borrowing))
}

/// Whether a type with these fields borrows from the input.
pub(crate) fn borrows(groups: &[Group], fields: &[Field]) -> bool {
    fields.iter().any(|field| match &field.kind {
        Kind::Integer { .. } | Kind::Position => false,
        Kind::Child(name) => borrows(groups, &find(groups, name).1.fields),
        Kind::Union(union) => union.all_cases().any(|case| borrows(groups, &case.fields)),
        Kind::Bytes(_) | Kind::Array { .. } | Kind::Text | Kind::Skipped => true,
    })
}

fn lifetime(borrowing: bool) -> &'static str {
    match borrowing {
        true => "<'a>",
        false => "",
    }
}

/// A pattern for these values.
pub(crate) fn either(allowed: &[u64]) -> String {
    let values: Vec<_> = allowed.iter().map(u64::to_string).collect();
    values.join(" | ")
}

fn doc(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "/// {line}");
    }
}
