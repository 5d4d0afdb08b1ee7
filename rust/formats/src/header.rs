//! C's view of what [`crate::c_layer`] generates, for C's compiler to compare with
//! tor's own headers: the prototypes, and the layouts of structures whose fields C
//! touches.

use std::fmt::Write as _;

use crate::described::groups;
use crate::format::{Field, Kind};
use crate::functions::{functions, Type};

/// The text of `c-glue/trunnel.h`.
pub fn generate() -> String {
    let groups = groups();
    let mut out = String::from(
        "/* Generated from rust/formats; `cargo xtask header` writes it anew. */\n\n\
         #ifndef TORRS_TRUNNEL_H\n#define TORRS_TRUNNEL_H\n\n\
         #include <stddef.h>\n#include <stdint.h>\n#include <sys/types.h>\n",
    );
    for group in &groups {
        let _ = writeln!(out, "#include \"trunnel/{}\"", group.header);
    }
    out.push_str(
        "\n/* An array of changing length, or a string. */\n\
         struct torrs_dynarray {\n  size_t n_;\n  size_t allocated_;\n  void *elts_;\n};\n",
    );
    for format in groups.iter().flat_map(|group| &group.formats) {
        let name = &format.c_name;
        if format.c_layout {
            let _ = writeln!(
                out,
                "\n/* What Rust takes {name}_t for. */\nstruct torrs_{name} {{"
            );
            for field in format.c_fields() {
                let _ = writeln!(out, "  {};", declaration(field));
            }
            out.push_str("  uint8_t trunnel_error_code_;\n};\n");
            let _ = writeln!(
                out,
                "CTASSERT(sizeof({name}_t) == sizeof(struct torrs_{name}));"
            );
            let fields = format.c_fields();
            let names = fields.iter().map(|field| field.c_name.as_str());
            for field in names.chain(["trunnel_error_code_"]) {
                let _ = writeln!(
                    out,
                    "CTASSERT(offsetof({name}_t, {field}) ==\n         offsetof(struct torrs_{name}, {field}));"
                );
            }
        }
        out.push('\n');
        for function in functions(format) {
            let arguments: Vec<_> = function
                .arguments
                .iter()
                .map(|(name, of)| format!("\n  {} {name}", of.c()))
                .collect();
            let arguments = match arguments.is_empty() {
                true => "void".into(),
                false => arguments.join(","),
            };
            let answer = function.answer.as_ref().map_or("void".into(), Type::c);
            let _ = writeln!(out, "{answer} {}({arguments});", function.name);
        }
    }
    out.push_str("\n#endif /* !defined(TORRS_TRUNNEL_H) */\n");
    out
}

fn declaration(field: &Field) -> String {
    let name = &field.c_name;
    match &field.kind {
        Kind::Integer { bits, .. } => format!("uint{bits}_t {name}"),
        Kind::Bytes(len) => format!("uint8_t {name}[{len}]"),
        Kind::Array { .. } => format!("struct torrs_dynarray {name}"),
        Kind::Child(_) => format!("void *{name}"),
        Kind::Text => format!("char *{name}"),
        Kind::Position => format!("const uint8_t *{name}"),
        Kind::Skipped | Kind::Union(_) => unreachable!("c_fields() has none"),
    }
}
