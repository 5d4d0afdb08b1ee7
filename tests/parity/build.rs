//! Makes tables of C's functions for the described formats, so that the comparisons
//! of component `trunnel` are written once for all of them (src/trunnel/table.rs).
//! The same text is compiled twice, with the functions of either side in scope.

use std::fmt::Write as _;
use std::{env, fs, path::PathBuf};

use formats::described::groups;
use formats::format::{Element, Field, Format, Kind};
use formats::functions::{functions, Type};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let groups = groups();
    let formats: Vec<_> = groups.iter().flat_map(|group| &group.formats).collect();
    let mut tables = String::from("pub const FORMATS: &[Functions] = &[\n");
    let mut names = String::from("macro_rules! every_function {\n($module:path, $prefix:literal) => { $crate::entry_points!($module, $prefix;\n");
    for format in &formats {
        table(&mut tables, &formats, format);
        for function in functions(format) {
            // Some answer a constant, for which there is one code.
            let constant = function.body.starts_with("{ let _ = inp;");
            if !constant {
                let _ = writeln!(names, "{},", function.name);
            }
        }
    }
    tables.push_str("];\n");
    names.push_str(") }; }\n");
    // What a comparison has to reach, with each format so many times.
    names.push_str("macro_rules! with_formats {\n($least:literal; $($more:tt)*) => { &[$($more)*");
    for format in &formats {
        let _ = writeln!(names, "({:?}, $least),", format.c_name);
    }
    names.push_str("] }; }\n");
    let write = |name: &str, text| fs::write(out.join(name), text).expect("OUT_DIR can be written");
    write("trunnel_tables.rs", tables);
    write("trunnel_names.rs", names);
}

/// What the driver knows of one format.
fn table(out: &mut String, formats: &[&Format], format: &Format) {
    let name = &format.c_name;
    let layout = match format.c_layout {
        true => format!("Some(size_of::<ffi::trunnel::{name}_t>())"),
        false => "None".into(),
    };
    let _ = writeln!(
        out,
        "Functions {{
            name: {name:?},
            layout: {layout},
            new: || unsafe {{ {name}_new() }}.cast(),
            free: |object| unsafe {{ {name}_free(object.cast()) }},
            parse: |output, input, len| unsafe {{ {name}_parse(output.cast(), input, len) }},
            encoded_len: |object| unsafe {{ {name}_encoded_len(object.cast()) }},
            encode: |output, avail, object| unsafe {{
                {name}_encode(output, avail, object.cast())
            }},
            check: |object| unsafe {{ {name}_check(object.cast()) }},
            clear_errors: |object| unsafe {{ {name}_clear_errors(object.cast()) }},
            fields: &["
    );
    for field in format.c_fields() {
        let _ = writeln!(
            out,
            "Field {{ name: {:?}, access: {} }},",
            field.c_name,
            access(formats, format, field)
        );
    }
    out.push_str("] },\n");
}

fn access(formats: &[&Format], format: &Format, field: &Field) -> String {
    let on = |verb: &str| format!("{}_{verb}_{}", format.c_name, field.c_name);
    let child = |name: &str| {
        let number = formats.iter().position(|format| format.c_name == name);
        number.expect("a child is described")
    };
    match &field.kind {
        Kind::Integer { bits, .. } => format!(
            "Access::Integer {{
                get: |object| unsafe {{ {}(object.cast()) }}.into(),
                set: |object, value| unsafe {{ {}(object.cast(), value as u{bits}) }},
            }}",
            on("get"),
            on("set"),
        ),
        Kind::Bytes(_) => format!("Access::Bytes({})", elements(&on, &Type::Integer(8))),
        Kind::Array { element, .. } => {
            let (of, kind, more) = match element {
                Element::Byte => (Type::Integer(8), "Array", String::new()),
                Element::U16 => (Type::Integer(16), "Array", String::new()),
                Element::Char => (Type::Char, "String", strings(&on)),
                Element::Format(name) => {
                    let of = Type::Mut(Box::new(Type::Object(name.clone())));
                    let more = format!(
                        "child: {}, set0: |object, number, value| unsafe {{
                            {}(object.cast(), number, {})
                        }},",
                        child(name),
                        on("set0"),
                        of_u64(&of),
                    );
                    (of, "List", more)
                }
            };
            format!(
                "Access::{kind} {{ elements: {}, grow: Grow {{
                    add: |object, value| unsafe {{ {}(object.cast(), {}) }},
                    set_len: |object, len| unsafe {{ {}(object.cast(), len) }},
                }}, {more} }}",
                elements(&on, &of),
                on("add"),
                of_u64(&of),
                on("setlen"),
            )
        }
        Kind::Child(name) => format!(
            "Access::Child {{
                child: {},
                get: |object| unsafe {{ {}(object.cast()) }}.cast(),
                get_const: |object| unsafe {{ {}(object.cast()) }}.cast_mut().cast(),
                set: |object, child| unsafe {{ {}(object.cast(), child.cast()) }},
                set0: |object, child| unsafe {{ {}(object.cast(), child.cast()) }},
            }}",
            child(name),
            on("get"),
            on("getconst"),
            on("set"),
            on("set0"),
        ),
        Kind::Text => format!(
            "Access::Text {{
                get: |object| unsafe {{ {}(object.cast()) }},
                set: |object, text| unsafe {{ {}(object.cast(), text) }},
            }}",
            on("get"),
            on("set"),
        ),
        Kind::Position => format!(
            "Access::Position {{ get: |object| unsafe {{ {}(object.cast()) }} }}",
            on("get"),
        ),
        Kind::Skipped | Kind::Union(_) => unreachable!("c_fields() has none"),
    }
}

fn elements(on: &dyn Fn(&str) -> String, of: &Type) -> String {
    let (width, to) = match of {
        Type::Integer(16) => (2, "u64::from"),
        Type::Char => (1, "char_as_u64"),
        Type::Mut(_) => (8, "address"),
        _ => (1, "u64::from"),
    };
    let constant = match of {
        Type::Mut(_) => format!(
            "address({}(object.cast(), number).cast_mut())",
            on("getconst")
        ),
        _ => format!("{to}({}(object.cast(), number))", on("getconst")),
    };
    format!(
        "Elements {{
            width: {width},
            len: |object| unsafe {{ {}(object.cast()) }},
            get: |object, number| unsafe {{ {to}({}(object.cast(), number)) }},
            get_const: |object, number| unsafe {{ {constant} }},
            set: |object, number, value| unsafe {{ {}(object.cast(), number, {}) }},
            all: |object| unsafe {{ {}(object.cast()) }}.cast(),
            all_const: |object| unsafe {{ {}(object.cast()) }}.cast(),
        }}",
        on("getlen"),
        on("get"),
        on("set"),
        of_u64(of),
        on("getarray"),
        on("getconstarray"),
    )
}

fn strings(on: &dyn Fn(&str) -> String) -> String {
    format!(
        "get_str: |object| unsafe {{ {}(object.cast()) }},
        set_str: |object, text| unsafe {{ {}(object.cast(), text) }},
        set_str0: |object, text, len| unsafe {{ {}(object.cast(), text, len) }},",
        on("getstr"),
        on("setstr"),
        on("setstr0"),
    )
}

/// `value` as what C takes.
fn of_u64(of: &Type) -> &'static str {
    match of {
        Type::Integer(16) => "value as u16",
        Type::Char => "value as u8 as std::ffi::c_char",
        Type::Mut(_) => "value as usize as *mut _",
        _ => "value as u8",
    }
}
