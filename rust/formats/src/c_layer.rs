//! What C knows of the formats: its structures, and every function that C Tor's
//! `src/trunnel` has for them.
//!
//! C's structures hold what C puts into them, in any order: [`Functions`] of C
//! write and read their fields, `check` says whether they make a valid whole.
//! Parsing and encoding is done by the strict types ([`crate::types`]): `view`
//! makes one of a structure, `fill` a structure of one. How the pieces work is
//! written once, in `rust/ffi/src/trunnel`.

use std::fmt::Write as _;

use crate::described::groups;
use crate::format::{Count, Element, Field, Format, Group, Kind, Role, Union};
use crate::types::{borrows, either};

/// A function that C calls.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The names and types of what it is given.
    pub arguments: Vec<(&'static str, Type)>,
    /// What it answers; nothing if it answers nothing.
    pub answer: Option<Type>,
    /// What it answers if it fails, in Rust.
    pub failed: &'static str,
    /// What it does, in Rust.
    pub body: String,
}

/// A type that crosses the boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// An unsigned integer of so many bits.
    Integer(u32),
    /// `char`.
    Char,
    /// `int`.
    Int,
    /// `size_t`.
    Size,
    /// `ssize_t`.
    SignedSize,
    /// The structure of the format that C calls so.
    Object(String),
    /// A pointer to what must not be changed.
    Const(Box<Type>),
    /// A pointer.
    Mut(Box<Type>),
}

impl Type {
    fn bytes() -> Self {
        Type::Const(Box::new(Type::Integer(8)))
    }

    fn string() -> Self {
        Type::Const(Box::new(Type::Char))
    }

    /// Its name in Rust.
    pub fn rust(&self) -> String {
        match self {
            Type::Integer(bits) => format!("u{bits}"),
            Type::Char => "c_char".into(),
            Type::Int => "c_int".into(),
            Type::Size => "usize".into(),
            Type::SignedSize => "isize".into(),
            Type::Object(name) => format!("{name}_t"),
            Type::Const(to) => format!("*const {}", to.rust()),
            Type::Mut(to) => format!("*mut {}", to.rust()),
        }
    }

    /// Its name in C.
    pub fn c(&self) -> String {
        match self {
            Type::Integer(bits) => format!("uint{bits}_t"),
            Type::Char => "char".into(),
            Type::Int => "int".into(),
            Type::Size => "size_t".into(),
            Type::SignedSize => "ssize_t".into(),
            Type::Object(name) => format!("struct {name}_st"),
            Type::Const(to) => format!("{} const *", to.c()),
            Type::Mut(to) => format!("{} *", to.c()),
        }
    }
}

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

    out.push_str("#[inline]\nfn view(&self) -> Result<Self::Strict<'_>, Unfit> {\n");
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
                Element::Format(_) => "children",
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
        Kind::Child(_) => format!("self.{name}.view()?"),
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
        } => writeln!(
            out,
            "self.{name}.fill({value}.iter().copied(), {value}.len());"
        ),
        Kind::Array {
            element: Element::Char,
            ..
        } => writeln!(out, "self.{name}.fill_string({value});"),
        Kind::Array {
            element: Element::U16,
            ..
        } => writeln!(out, "self.{name}.fill({value}.iter(), {value}.len());"),
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
fn ident(name: &str) -> String {
    match name {
        "type" => "r#type".into(),
        _ => name.into(),
    }
}

/// Every function that C has for `format`.
pub fn functions(format: &Format) -> Vec<Function> {
    let mut all = Functions {
        format,
        all: Vec::new(),
    };
    all.whole();
    for field in format.c_fields() {
        all.of_field(field);
    }
    all.all
}

/// The functions of one format.
struct Functions<'f> {
    format: &'f Format,
    all: Vec<Function>,
}

impl Functions<'_> {
    fn object(&self) -> Type {
        Type::Object(self.format.c_name.clone())
    }

    fn add(
        &mut self,
        name: String,
        arguments: Vec<(&'static str, Type)>,
        answer: Option<Type>,
        body: String,
    ) {
        let failed = match &answer {
            None => "()",
            Some(Type::Int | Type::SignedSize) => "-1",
            Some(Type::Const(_)) => "ptr::null()",
            Some(Type::Mut(_)) => "ptr::null_mut()",
            Some(_) => "0",
        };
        self.all.push(Function {
            name,
            arguments,
            answer,
            failed,
            body,
        });
    }

    /// New ones, and those for the whole.
    fn whole(&mut self) {
        let name = self.format.c_name.clone();
        let own = Type::Mut(Box::new(self.object()));
        let shared = Type::Const(Box::new(self.object()));
        self.add(
            format!("{name}_new"),
            vec![],
            Some(own.clone()),
            format!("new::<{name}_t>()"),
        );
        self.add(
            format!("{name}_free"),
            vec![("victim", own.clone())],
            None,
            "free(victim)".into(),
        );
        self.add(
            format!("{name}_parse"),
            vec![
                ("output", Type::Mut(Box::new(own.clone()))),
                ("input", Type::bytes()),
                ("len_in", Type::Size),
            ],
            Some(Type::SignedSize),
            "parse(output, input, len_in)".into(),
        );
        self.add(
            format!("{name}_encoded_len"),
            vec![("obj", shared.clone())],
            Some(Type::SignedSize),
            "encoded_len(obj)".into(),
        );
        self.add(
            format!("{name}_encode"),
            vec![
                ("output", Type::Mut(Box::new(Type::Integer(8)))),
                ("avail", Type::Size),
                ("input", shared.clone()),
            ],
            Some(Type::SignedSize),
            "encode(output, avail, input)".into(),
        );
        self.add(
            format!("{name}_check"),
            vec![("obj", shared)],
            Some(Type::string()),
            "check(obj)".into(),
        );
        self.add(
            format!("{name}_clear_errors"),
            vec![("obj", own)],
            Some(Type::Int),
            "clear_errors(obj)".into(),
        );
    }

    /// A function of a field: `verb` says what it does.
    fn on(
        &mut self,
        verb: &str,
        field: &Field,
        constant: bool,
        more: Vec<(&'static str, Type)>,
        answer: Type,
        does: String,
    ) {
        let object = Box::new(self.object());
        let inp = match constant {
            true => Type::Const(object),
            false => Type::Mut(object),
        };
        let name = format!("{}_{verb}_{}", self.format.c_name, field.c_name);
        let mut arguments = vec![("inp", inp)];
        arguments.extend(more);
        let with = match constant {
            true => "read",
            false => "change",
        };
        let c_name = ident(&field.c_name);
        // What is read is copied, and a pointer to it is C's own.
        let body = does.replace("FIELD", &format!("object.{c_name}"));
        let (body, answer) = match body.strip_prefix("alone ") {
            Some(alone) => (alone.to_owned(), answer),
            None => (
                format!("{with}(c\"{name}\", inp, FAILED, |object| {body})"),
                answer,
            ),
        };
        self.add(name, arguments, Some(answer), body);
        if let Some(last) = self.all.last_mut() {
            last.body = last.body.replace("FAILED", last.failed);
        }
    }

    fn of_field(&mut self, field: &Field) {
        match &field.kind {
            Kind::Integer { bits, allowed } => {
                let of = Type::Integer(*bits);
                self.on("get", field, true, vec![], of.clone(), "FIELD".into());
                let set = match allowed[..] {
                    [] => "{ FIELD = val; 0 }".to_owned(),
                    _ => format!(
                        "if matches!(val, {}) {{ FIELD = val; 0 }} else {{ object.fail() }}",
                        either(allowed)
                    ),
                };
                self.on("set", field, false, vec![("val", of)], Type::Int, set);
            }
            Kind::Bytes(len) => {
                self.on(
                    "getlen",
                    field,
                    true,
                    vec![],
                    Type::Size,
                    format!("alone {{ let _ = inp; {len} }}"),
                );
                let byte = Type::Integer(8);
                self.elements(
                    field,
                    byte,
                    "FIELD.as_mut_ptr()",
                    "FIELD.as_ptr()",
                    "&FIELD",
                    "&mut FIELD",
                );
            }
            Kind::Array { element, count } => {
                let most = match self.format.most(count) {
                    Some(most) => format!("Some({most})"),
                    None => "None".into(),
                };
                self.on(
                    "getlen",
                    field,
                    true,
                    vec![],
                    Type::Size,
                    "FIELD.len()".into(),
                );
                match element {
                    Element::Byte => self.array(field, Type::Integer(8), &most),
                    Element::U16 => self.array(field, Type::Integer(16), &most),
                    Element::Char => self.string(field, &most),
                    Element::Format(name) => self.children(field, name, &most),
                }
            }
            Kind::Child(name) => self.child(field, name),
            Kind::Text => {
                self.on(
                    "get",
                    field,
                    true,
                    vec![],
                    Type::string(),
                    "FIELD.as_ptr()".into(),
                );
                self.on(
                    "set",
                    field,
                    false,
                    vec![("val", Type::string())],
                    Type::Int,
                    "FIELD.set(val)".into(),
                );
            }
            Kind::Position => self.on(
                "get",
                field,
                true,
                vec![],
                Type::bytes(),
                "FIELD.as_ptr()".into(),
            ),
            Kind::Skipped | Kind::Union(_) => unreachable!("c_fields() has none"),
        }
    }

    /// Reading and writing one element, and C's pointer to the first.
    fn elements(
        &mut self,
        field: &Field,
        of: Type,
        pointer: &str,
        const_pointer: &str,
        all: &str,
        all_mut: &str,
    ) {
        let idx = ("idx", Type::Size);
        let name = |verb: &str| format!("c\"{}_{verb}_{}\"", self.format.c_name, field.c_name);
        let (get, getconst, set) = (name("get"), name("getconst"), name("set"));
        let cast = match of {
            Type::Char => " as c_char",
            _ => "",
        };
        let back = match of {
            Type::Char => " as u8",
            _ => "",
        };
        self.on(
            "get",
            field,
            false,
            vec![idx.clone()],
            of.clone(),
            format!("element({get}, {all}, idx){cast}"),
        );
        self.on(
            "getconst",
            field,
            true,
            vec![idx.clone()],
            of.clone(),
            format!("element({getconst}, {all}, idx){cast}"),
        );
        self.on(
            "set",
            field,
            false,
            vec![idx, ("elt", of.clone())],
            Type::Int,
            format!("set_element({set}, {all_mut}, idx, elt{back})"),
        );
        let many = Box::new(of);
        self.on(
            "getarray",
            field,
            false,
            vec![],
            Type::Mut(many.clone()),
            pointer.to_owned(),
        );
        self.on(
            "getconstarray",
            field,
            true,
            vec![],
            Type::Const(many),
            const_pointer.to_owned(),
        );
    }

    fn array(&mut self, field: &Field, of: Type, most: &str) {
        self.elements(
            field,
            of.clone(),
            "FIELD.as_mut_ptr()",
            "FIELD.as_ptr()",
            "FIELD.items()",
            "FIELD.items_mut()",
        );
        self.on(
            "add",
            field,
            false,
            vec![("elt", of)],
            Type::Int,
            format!("{{ let fits = FIELD.add(elt, {most}); object.done(fits) }}"),
        );
        self.on(
            "setlen",
            field,
            false,
            vec![("newlen", Type::Size)],
            Type::Int,
            format!("{{ let fits = FIELD.set_len(newlen, {most}); object.done(fits) }}"),
        );
    }

    fn string(&mut self, field: &Field, most: &str) {
        self.elements(
            field,
            Type::Char,
            "FIELD.as_mut_ptr().cast()",
            "FIELD.as_ptr().cast()",
            "FIELD.items()",
            "FIELD.items_mut()",
        );
        self.on(
            "add",
            field,
            false,
            vec![("elt", Type::Char)],
            Type::Int,
            format!("{{ let fits = FIELD.add(elt as u8, {most}); object.done(fits) }}"),
        );
        self.on(
            "setlen",
            field,
            false,
            vec![("newlen", Type::Size)],
            Type::Int,
            format!("{{ let fits = FIELD.set_string_len(newlen, {most}); object.done(fits) }}"),
        );
        self.on(
            "getstr",
            field,
            false,
            vec![],
            Type::string(),
            "FIELD.terminate()".into(),
        );
        let set =
            format!("{{ let fits = set_string(&mut FIELD, val, len, {most}); object.done(fits) }}");
        self.on(
            "setstr0",
            field,
            false,
            vec![("val", Type::string()), ("len", Type::Size)],
            Type::Int,
            set.clone(),
        );
        self.on(
            "setstr",
            field,
            false,
            vec![("val", Type::string())],
            Type::Int,
            set.replace(" len,", " string_len(val),"),
        );
    }

    fn children(&mut self, field: &Field, name: &str, most: &str) {
        let child = Type::Object(name.to_owned());
        let own = Type::Mut(Box::new(child.clone()));
        let shared = Type::Const(Box::new(child));
        let idx = ("idx", Type::Size);
        let function = |verb: &str| format!("c\"{}_{verb}_{}\"", self.format.c_name, field.c_name);
        let (get, getconst, set, set0) = (
            function("get"),
            function("getconst"),
            function("set"),
            function("set0"),
        );
        self.on(
            "get",
            field,
            false,
            vec![idx.clone()],
            own.clone(),
            format!("element({get}, FIELD.items(), idx).as_ptr()"),
        );
        self.on(
            "getconst",
            field,
            true,
            vec![idx.clone()],
            shared.clone(),
            format!("element({getconst}, FIELD.items(), idx).as_ptr().cast_const()"),
        );
        self.on(
            "set",
            field,
            false,
            vec![idx.clone(), ("elt", own.clone())],
            Type::Int,
            format!("set_child({set}, FIELD.items_mut(), idx, elt)"),
        );
        self.on(
            "set0",
            field,
            false,
            vec![idx, ("elt", own.clone())],
            Type::Int,
            format!("set_element({set0}, FIELD.items_mut(), idx, Child::from(elt))"),
        );
        self.on(
            "add",
            field,
            false,
            vec![("elt", own.clone())],
            Type::Int,
            format!("{{ let fits = FIELD.add(Child::from(elt), {most}); object.done(fits) }}"),
        );
        self.on(
            "getarray",
            field,
            false,
            vec![],
            Type::Mut(Box::new(own)),
            "FIELD.as_mut_ptr().cast()".into(),
        );
        self.on(
            "getconstarray",
            field,
            true,
            vec![],
            Type::Const(Box::new(shared)),
            "FIELD.as_ptr().cast()".into(),
        );
        self.on(
            "setlen",
            field,
            false,
            vec![("newlen", Type::Size)],
            Type::Int,
            format!("{{ let fits = FIELD.set_len_freeing(newlen, {most}); object.done(fits) }}"),
        );
    }

    fn child(&mut self, field: &Field, name: &str) {
        let child = Type::Object(name.to_owned());
        let own = Type::Mut(Box::new(child.clone()));
        let shared = Type::Const(Box::new(child));
        self.on(
            "get",
            field,
            false,
            vec![],
            own.clone(),
            "FIELD.as_ptr()".into(),
        );
        self.on(
            "getconst",
            field,
            true,
            vec![],
            shared,
            "FIELD.as_ptr().cast_const()".into(),
        );
        self.on(
            "set",
            field,
            false,
            vec![("val", own.clone())],
            Type::Int,
            "FIELD.set(val)".into(),
        );
        self.on(
            "set0",
            field,
            false,
            vec![("val", own)],
            Type::Int,
            "{ FIELD = Child::from(val); 0 }".into(),
        );
    }
}
