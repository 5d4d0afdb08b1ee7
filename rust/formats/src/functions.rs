//! Every function that C Tor's `src/trunnel` has for a format, as tables of what
//! it has for each kind of field.

use crate::c_layer::ident;
use crate::format::{Element, Field, Format, Kind};
use crate::types::either;

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

/// A function in a table: `c_name_VERB_field(OBJECT, ARGUMENTS) -> ANSWER`.
struct Row {
    /// What it does.
    verb: &'static str,
    /// How it uses the structure.
    object: Use,
    /// What else it is given: `name: type`, separated by commas.
    arguments: &'static str,
    answer: &'static str,
    /// What it does, in Rust. `NAME` is its name, `FIELD` the field, `MOST` how
    /// many elements it may have, `ALLOWED` a pattern for the values it may have.
    body: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    /// It only needs to know which it is.
    No,
    Read,
    Change,
}
use Use::{Change, No, Read};

const fn row(
    verb: &'static str,
    object: Use,
    arguments: &'static str,
    answer: &'static str,
    body: &'static str,
) -> Row {
    Row {
        verb,
        object,
        arguments,
        answer,
        body,
    }
}

/// What C has for a whole format.
#[rustfmt::skip]
const WHOLE: &[Row] = &[
    row("new", No, "", "own", "new::<OBJECT>()"),
    row("free", No, "victim: own", "", "free(victim)"),
    row("parse", No, "output: own*, input: bytes, len_in: size", "ssize", "parse(output, input, len_in)"),
    row("encoded_len", No, "obj: shared", "ssize", "encoded_len(obj)"),
    row("encode", No, "output: u8*, avail: size, input: shared", "ssize", "encode(output, avail, input)"),
    row("check", No, "obj: shared", "string", "check(obj)"),
    row("clear_errors", No, "obj: own", "int", "clear_errors(obj)"),
];

#[rustfmt::skip]
const ANY_INTEGER: &[Row] = &[
    row("get", Read, "", "elt", "FIELD"),
    row("set", Change, "val: elt", "int", "{ FIELD = val; 0 }"),
];

#[rustfmt::skip]
const BOUNDED_INTEGER: &[Row] = &[
    row("get", Read, "", "elt", "FIELD"),
    row("set", Change, "val: elt", "int", "if matches!(val, ALLOWED) { FIELD = val; 0 } else { object.fail() }"),
];

#[rustfmt::skip]
const BYTES: &[Row] = &[
    row("getlen", No, "inp: shared", "size", "{ let _ = inp; MOST }"),
    row("get", Change, "idx: size", "elt", "element(NAME, &FIELD, idx)"),
    row("getconst", Read, "idx: size", "elt", "element(NAME, &FIELD, idx)"),
    row("set", Change, "idx: size, elt: elt", "int", "set_element(NAME, &mut FIELD, idx, elt)"),
    row("getarray", Change, "", "elt*", "FIELD.as_mut_ptr()"),
    row("getconstarray", Read, "", "const elt*", "FIELD.as_ptr()"),
];

#[rustfmt::skip]
const ARRAY: &[Row] = &[
    row("getlen", Read, "", "size", "FIELD.len()"),
    row("get", Change, "idx: size", "elt", "element(NAME, FIELD.items(), idx)"),
    row("getconst", Read, "idx: size", "elt", "element(NAME, FIELD.items(), idx)"),
    row("set", Change, "idx: size, elt: elt", "int", "set_element(NAME, FIELD.items_mut(), idx, elt)"),
    row("add", Change, "elt: elt", "int", "{ let fits = FIELD.add(elt, MOST); object.done(fits) }"),
    row("getarray", Change, "", "elt*", "FIELD.as_mut_ptr()"),
    row("getconstarray", Read, "", "const elt*", "FIELD.as_ptr()"),
    row("setlen", Change, "newlen: size", "int", "{ let fits = FIELD.set_len(newlen, MOST); object.done(fits) }"),
];

#[rustfmt::skip]
const STRING: &[Row] = &[
    row("getlen", Read, "", "size", "FIELD.len()"),
    row("get", Change, "idx: size", "elt", "element(NAME, FIELD.items(), idx) as c_char"),
    row("getconst", Read, "idx: size", "elt", "element(NAME, FIELD.items(), idx) as c_char"),
    row("set", Change, "idx: size, elt: elt", "int", "set_element(NAME, FIELD.items_mut(), idx, elt as u8)"),
    row("add", Change, "elt: elt", "int", "{ let fits = FIELD.add(elt as u8, MOST); object.done(fits) }"),
    row("getarray", Change, "", "elt*", "FIELD.as_mut_ptr().cast()"),
    row("getconstarray", Read, "", "string", "FIELD.as_ptr().cast()"),
    row("setlen", Change, "newlen: size", "int", "{ let fits = FIELD.set_string_len(newlen, MOST); object.done(fits) }"),
    row("getstr", Change, "", "string", "FIELD.terminate()"),
    row("setstr0", Change, "val: string, len: size", "int", "{ let fits = set_string(NAME, &mut FIELD, val, Some(len), MOST); object.done(fits) }"),
    row("setstr", Change, "val: string", "int", "{ let fits = set_string(NAME, &mut FIELD, val, None, MOST); object.done(fits) }"),
];

#[rustfmt::skip]
const CHILDREN: &[Row] = &[
    row("getlen", Read, "", "size", "FIELD.len()"),
    row("get", Change, "idx: size", "elt*", "element(NAME, FIELD.items(), idx).as_ptr()"),
    row("getconst", Read, "idx: size", "const elt*", "element(NAME, FIELD.items(), idx).as_ptr()"),
    row("set", Change, "idx: size, elt: elt*", "int", "set_child(NAME, FIELD.items_mut(), idx, elt)"),
    row("set0", Change, "idx: size, elt: elt*", "int", "set_element(NAME, FIELD.items_mut(), idx, Child::given(elt))"),
    row("add", Change, "elt: elt*", "int", "{ let fits = FIELD.add(Child::given(elt), MOST); object.done(fits) }"),
    row("getarray", Change, "", "elt**", "FIELD.as_mut_ptr().cast()"),
    row("getconstarray", Read, "", "const elt* const*", "FIELD.as_ptr().cast()"),
    row("setlen", Change, "newlen: size", "int", "{ let fits = FIELD.set_len_freeing(newlen, MOST); object.done(fits) }"),
];

#[rustfmt::skip]
const CHILD: &[Row] = &[
    row("get", Change, "", "elt*", "FIELD.as_ptr()"),
    row("getconst", Read, "", "const elt*", "FIELD.as_ptr()"),
    row("set", Change, "val: elt*", "int", "FIELD.set(val)"),
    row("set0", Change, "val: elt*", "int", "{ FIELD = Child::given(val); 0 }"),
];

#[rustfmt::skip]
const TEXT: &[Row] = &[
    row("get", Read, "", "string", "FIELD.as_ptr()"),
    row("set", Change, "val: string", "int", "FIELD.set(NAME, val)"),
];

#[rustfmt::skip]
const POSITION: &[Row] = &[
    row("get", Read, "", "bytes", "FIELD.as_ptr()"),
];

/// Every function that C has for `format`.
pub fn functions(format: &Format) -> Vec<Function> {
    let whole = WHOLE.iter().map(|row| function(format, None, row));
    let fields = format.c_fields();
    let each = fields.iter().flat_map(|field| {
        let rows = rows_of(field).iter();
        rows.map(|row| function(format, Some(field), row))
    });
    whole.chain(each).collect()
}

/// What C has for a field.
fn rows_of(field: &Field) -> &'static [Row] {
    match &field.kind {
        Kind::Integer { allowed, .. } if allowed.is_empty() => ANY_INTEGER,
        Kind::Integer { .. } => BOUNDED_INTEGER,
        Kind::Bytes(_) => BYTES,
        Kind::Array { element, .. } => match element {
            Element::Byte | Element::U16 => ARRAY,
            Element::Char => STRING,
            Element::Format(_) => CHILDREN,
        },
        Kind::Child(_) => CHILD,
        Kind::Text => TEXT,
        Kind::Position => POSITION,
        Kind::Skipped | Kind::Union(_) => unreachable!("c_fields() has none"),
    }
}

fn function(format: &Format, field: Option<&Field>, row: &Row) -> Function {
    let object = Type::Object(format.c_name.clone());
    let (name, elt) = match field {
        Some(field) => (
            format!("{}_{}_{}", format.c_name, row.verb, field.c_name),
            element_of(field),
        ),
        None => (format!("{}_{}", format.c_name, row.verb), object.clone()),
    };
    let type_of = |word: &str| type_of(word, &object, &elt);
    let with = match row.object {
        No => None,
        Read => Some(("read", type_of("shared"))),
        Change => Some(("change", type_of("own"))),
    };
    let mut arguments: Vec<_> = with.iter().map(|(_, inp)| ("inp", inp.clone())).collect();
    for argument in row.arguments.split(", ").filter(|text| !text.is_empty()) {
        let (name, of) = argument.split_once(": ").expect("a name and a type");
        arguments.push((name, type_of(of)));
    }
    let answer = (!row.answer.is_empty()).then(|| type_of(row.answer));
    let failed = match &answer {
        None => "()",
        Some(Type::Int | Type::SignedSize) => "-1",
        Some(Type::Const(_)) => "ptr::null()",
        Some(Type::Mut(_)) => "ptr::null_mut()",
        Some(_) => "0",
    };
    let body = match with {
        Some((with, _)) => format!("{with}(NAME, inp, {failed}, |object| {})", row.body),
        None => row.body.to_owned(),
    };
    let mut body = body
        .replace("NAME", &format!("c\"{name}\""))
        .replace("OBJECT", &object.rust());
    if let Some(field) = field {
        let (allowed, most) = match &field.kind {
            Kind::Integer { allowed, .. } => (either(allowed), String::new()),
            Kind::Bytes(len) => (String::new(), len.to_string()),
            Kind::Array { count, .. } => (String::new(), format!("{:?}", format.most(count))),
            _ => (String::new(), String::new()),
        };
        body = body
            .replace("FIELD", &format!("object.{}", ident(&field.c_name)))
            .replace("ALLOWED", &allowed)
            .replace("MOST", &most);
    }
    Function {
        name,
        arguments,
        answer,
        failed,
        body,
    }
}

/// What `elt` is in the table of a field.
fn element_of(field: &Field) -> Type {
    match &field.kind {
        Kind::Integer { bits, .. } => Type::Integer(*bits),
        Kind::Array { element, .. } => match element {
            Element::Byte => Type::Integer(8),
            Element::U16 => Type::Integer(16),
            Element::Char => Type::Char,
            Element::Format(name) => Type::Object(name.clone()),
        },
        Kind::Child(name) => Type::Object(name.clone()),
        _ => Type::Integer(8),
    }
}

/// The type that a table calls `word`.
fn type_of(word: &str, object: &Type, elt: &Type) -> Type {
    let constant = |to: &Type| Type::Const(Box::new(to.clone()));
    let mutable = |to: &Type| Type::Mut(Box::new(to.clone()));
    if let Some(to) = word.strip_suffix(" const*") {
        return constant(&type_of(to, object, elt));
    }
    if let Some(to) = word
        .strip_prefix("const ")
        .and_then(|word| word.strip_suffix('*'))
    {
        return constant(&type_of(to, object, elt));
    }
    if let Some(to) = word.strip_suffix('*') {
        return mutable(&type_of(to, object, elt));
    }
    match word {
        "own" => mutable(object),
        "shared" => constant(object),
        "elt" => elt.clone(),
        "u8" => Type::Integer(8),
        "bytes" => constant(&Type::Integer(8)),
        "string" => constant(&Type::Char),
        "int" => Type::Int,
        "size" => Type::Size,
        "ssize" => Type::SignedSize,
        _ => unreachable!("a table has the type {word}"),
    }
}
