//! What C knows of the formats: its structures, and its functions
//! ([`crate::functions`]).
//!
//! C's structures hold what C puts into them, in any order: functions write and
//! read their fields, `check` says whether they make a valid whole. Parsing and
//! encoding is done by the strict types ([`crate::types`]): `view` makes one of a
//! structure, `fill` a structure of one. How the pieces work is written once, in
//! `rust/ffi/src/trunnel`.

use std::fmt::Write as _;

use crate::described::groups;
use crate::format::{Count, Element, Field, Format, Group, Kind, Role, Union};
use crate::functions::{functions, Function};
use crate::types::{borrows, either};

/// `rust/ffi`'s part of it, as Rust code.
pub fn generate() -> String {
    let groups = groups();
    let mut out = String::new();
    for group in &groups {
        for format in &group.formats {
            structure(&mut out, format);
            object(&mut out, &groups, group, format);
            out.push_str("exports! {\n");
            for function in functions(format) {
                let arguments: Vec<_> = function
                    .arguments
                    .iter()
                    .map(|(name, of)| format!("{name}: {}", of.rust()))
                    .collect();
                let answer = match &function.answer {
                    Some(of) => of.rust(),
                    None => "()".into(),
                };
                let Function {
                    name, failed, body, ..
                } = &function;
                let _ = writeln!(
                    out,
                    "fn {name}({}) -> {answer} as {failed} => {{ {body} }}",
                    arguments.join(", ")
                );
            }
            out.push_str("}\n");
        }
    }
    out
}

/// C's structure.
fn structure(out: &mut String, format: &Format) {
    let name = &format.c_name;
    let _ = writeln!(out, "/// C's `{name}_t`.");
    if format.c_layout {
        out.push_str("#[repr(C)]\n");
    }
    let _ = writeln!(out, "pub struct {name}_t {{");
    for field in format.c_fields() {
        let _ = writeln!(out, "{}: {},", ident(&field.c_name), field_type(field));
    }
    out.push_str("trunnel_error_code_: u8,\n}\n");
}

fn field_type(field: &Field) -> String {
    match &field.kind {
        Kind::Integer { bits, .. } => format!("u{bits}"),
        Kind::Bytes(len) => format!("[u8; {len}]"),
        Kind::Array { element, .. } => match element {
            Element::Byte | Element::Char => "DynArray<u8>".into(),
            Element::U16 => "DynArray<u16>".into(),
            Element::Format(name) => format!("DynArray<Child<{name}_t>>"),
        },
        Kind::Child(name) => format!("Child<{name}_t>"),
        Kind::Text => "Text".into(),
        Kind::Position => "Position".into(),
        Kind::Skipped | Kind::Union(_) => unreachable!("c_fields() has none"),
    }
}

/// How the structure becomes the strict type, and the other way round.
fn object(out: &mut String, groups: &[Group], group: &Group, format: &Format) {
    let name = &format.c_name;
    let module = format!("wire::formats::{}", group.name);
    let strict = format!("{module}::{}", format.rust_name);
    let life = match borrows(groups, &format.fields) {
        true => "<'a>",
        false => "",
    };
    let _ = writeln!(
        out,
        "impl Object for {name}_t {{\ntype Strict<'a> = {strict}{life};"
    );

    let _ = writeln!(out, "const NEW: Self = {name}_t {{");
    for field in format.c_fields() {
        let value = match &field.kind {
            Kind::Integer { allowed, .. } => allowed.first().unwrap_or(&0).to_string(),
            Kind::Bytes(len) => format!("[0; {len}]"),
            Kind::Array { .. } => "DynArray::EMPTY".into(),
            Kind::Child(_) => "Child::NONE".into(),
            Kind::Text => "Text::NONE".into(),
            _ => "Position::NONE".into(),
        };
        let _ = writeln!(out, "{}: {value},", ident(&field.c_name));
    }
    out.push_str("trunnel_error_code_: 0,\n};\n");

    out.push_str("fn error(&mut self) -> &mut u8 { &mut self.trunnel_error_code_ }\n");

    out.push_str(
        "#[inline]\nfn view<const ALL: bool>(&self) -> Result<Self::Strict<'_>, Unfit> {\n",
    );
    out.push_str("if self.trunnel_error_code_ != 0 { return Err(SET_FAILED); }\n");
    let mut kept = String::new();
    for field in &format.fields {
        if let Kind::Integer { allowed, .. } = &field.kind {
            in_bounds(out, &field.c_name, allowed);
        }
        if matches!(format.role(field), Role::Value) {
            let value = match &field.kind {
                Kind::Union(union) => view_union(&module, union),
                _ => view(field),
            };
            let _ = writeln!(out, "let {} = {value};", field.rust_name);
            let _ = write!(kept, "{}, ", field.rust_name);
        }
    }
    let _ = writeln!(out, "Ok({strict} {{ {kept} }})\n}}");

    out.push_str("#[inline]\n#[allow(unused_variables)]\nfn fill(&mut self, strict: &Self::Strict<'_>, start: *const u8) {\n");
    for field in &format.fields {
        let c_name = ident(&field.c_name);
        match format.role(field) {
            Role::Value => match &field.kind {
                Kind::Union(union) => fill_union(out, &module, union, &field.rust_name),
                _ => fill(out, field, &format!("strict.{}", field.rust_name)),
            },
            // NEW has it.
            Role::Constant(_) => {}
            Role::CountOf(array) => {
                let bits = format.bits(&field.c_name);
                let _ = writeln!(
                    out,
                    "self.{c_name} = strict.{}.len() as u{bits};",
                    array.rust_name
                );
            }
            Role::LengthOf(union) => {
                let bits = format.bits(&field.c_name);
                let _ = writeln!(
                    out,
                    "self.{c_name} = strict.{}.body_len() as u{bits};",
                    union.rust_name
                );
            }
            Role::TagOf(union) => {
                let _ = writeln!(out, "self.{c_name} = strict.{}.tag();", union.rust_name);
            }
        }
    }
    out.push_str("}\n");

    out.push_str("#[inline]\nfn clear(&mut self) {\n");
    for field in format.c_fields() {
        let how = match &field.kind {
            Kind::Array {
                element: Element::Format(_),
                ..
            } => "free_all",
            Kind::Array { .. } | Kind::Child(_) | Kind::Text => "free",
            _ => continue,
        };
        let _ = writeln!(out, "self.{}.{how}();", ident(&field.c_name));
    }
    out.push_str("}\n}\n");
}

fn in_bounds(out: &mut String, name: &str, allowed: &[u64]) {
    if !allowed.is_empty() {
        let _ = writeln!(
            out,
            "if !matches!(self.{}, {}) {{ return Err(OUT_OF_BOUNDS); }}",
            ident(name),
            either(allowed)
        );
    }
}

fn view(field: &Field) -> String {
    let name = ident(&field.c_name);
    match &field.kind {
        Kind::Integer { .. } => format!("self.{name}"),
        Kind::Bytes(_) => format!("&self.{name}"),
        Kind::Array { element, count } => {
            let how = match element {
                Element::Byte | Element::Char => "bytes",
                Element::U16 => "integers",
                Element::Format(_) => "children::<ALL>",
            };
            let count = match count {
                Count::Field(counter) => {
                    format!("Some(self.{}.into())", ident(counter))
                }
                _ => "None".into(),
            };
            let mismatch = format!("c\"Length mismatch for {}\"", field.c_name);
            format!("self.{name}.{how}({count}, {mismatch})?")
        }
        Kind::Child(_) => format!("self.{name}.view::<ALL>()?"),
        Kind::Text => format!("self.{name}.view(c\"Missing {}\")?", field.c_name),
        Kind::Position => "0".into(),
        Kind::Skipped => "&[]".into(),
        Kind::Union(_) => unreachable!("unions are not in unions"),
    }
}

fn view_union(module: &str, union: &Union) -> String {
    let mut out = format!("match self.{} {{\n", ident(&union.tag));
    for case in union.all_cases() {
        let _ = writeln!(out, "{} => {{", case.pattern());
        let mut names = String::new();
        if !case.implies_tag() {
            let _ = write!(names, "{}: self.{}, ", union.tag, ident(&union.tag));
        }
        for field in &case.fields {
            if let Kind::Integer { allowed, .. } = &field.kind {
                in_bounds(&mut out, &field.c_name, allowed);
            }
            let _ = writeln!(out, "let {} = {};", field.rust_name, view(field));
            let _ = write!(names, "{}, ", field.rust_name);
        }
        let _ = writeln!(
            out,
            "{module}::{}::{} {{ {names} }}\n}}",
            union.rust_name, case.variant
        );
    }
    if union.default.is_none() {
        out.push_str("_ => return Err(BAD_TAG),\n");
    }
    out.push('}');
    out
}

fn fill(out: &mut String, field: &Field, value: &str) {
    let name = ident(&field.c_name);
    let _ = match &field.kind {
        Kind::Integer { .. } => writeln!(out, "self.{name} = {value};"),
        Kind::Bytes(_) => writeln!(out, "self.{name} = *{value};"),
        Kind::Array {
            element: Element::Byte,
            ..
        } => writeln!(out, "self.{name}.fill_bytes({value});"),
        Kind::Array {
            element: Element::Char,
            ..
        } => writeln!(out, "self.{name}.fill_string({value});"),
        Kind::Array {
            element: Element::U16,
            ..
        } => writeln!(out, "self.{name}.fill({value}.iter(), {value}.len());"),
        // C makes room for an element when it comes to one.
        Kind::Array {
            element: Element::Format(_),
            count: Count::Rest,
        } => writeln!(
            out,
            "for child in {value}.iter() {{ self.{name}.add(Child::new(&child), None); }}"
        ),
        Kind::Array { .. } => writeln!(
            out,
            "self.{name}.fill({value}.iter().map(|child| Child::new(&child)), {value}.len());"
        ),
        Kind::Child(_) => writeln!(out, "self.{name} = Child::new(&{value});"),
        Kind::Text => writeln!(out, "self.{name} = Text::new({value});"),
        Kind::Position => writeln!(out, "self.{name} = Position::new(start, {value});"),
        Kind::Skipped => Ok(()),
        Kind::Union(_) => unreachable!("unions are not in unions"),
    };
}

fn fill_union(out: &mut String, module: &str, union: &Union, rust_name: &str) {
    let _ = writeln!(out, "match strict.{rust_name} {{");
    for case in union.all_cases() {
        let names: String = case
            .fields
            .iter()
            .filter(|field| !matches!(field.kind, Kind::Skipped))
            .map(|field| format!("{}, ", field.rust_name))
            .collect();
        let _ = writeln!(
            out,
            "{module}::{}::{} {{ {names} .. }} => {{",
            union.rust_name, case.variant
        );
        for field in &case.fields {
            fill(out, field, &field.rust_name);
        }
        out.push_str("}\n");
    }
    out.push_str("}\n");
}

/// `name`, where it may be a word of Rust.
pub(crate) fn ident(name: &str) -> String {
    match name {
        "type" => "r#type".into(),
        _ => name.into(),
    }
}
