//! What the linker and the compiler do against attacks is in the Rust build no less
//! than in the C build: how the program is laid out and linked, and how its C objects
//! are compiled. What stable rustc cannot do is shown, too.
//!
//! Two things have to be said of control-flow enforcement (CET). Tor is configured
//! with `-fcf-protection=full`, so its objects are marked; a program is only if every
//! object in it is, those of the C library among them. And rustc marks none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context, Result};
use object::elf;
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, ElfFile, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, FileKind, Object, ObjectSymbol};
use walkdir::WalkDir;

use super::side_by_side::{self, Row, Verdict};
use super::{Outcome, Stage};

const PROGRAM: &str = "src/app/tor";

/// Compares both builds.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let (c, rust) = (&stage.c_build()?.folder, &stage.rust_build()?.folder);
    let read = |folder: &Path| -> Result<Program> {
        let path = folder.join(PROGRAM);
        Program::read(&fs::read(&path)?).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut rows = of_programs(&read(c)?, &read(rust)?);
    let archive = Objects::of_archive(&rust.join("src/rust/libtor_rust.a"))?;
    rows.extend(of_objects(
        &Objects::of_build(c)?,
        &Objects::of_build(rust)?,
        &archive,
    )?);
    side_by_side::show(stage, "hardening", rows)
}

// ---- Programs ---------------------------------------------------------------

/// What protects a linked program; `false` and zero are the worst.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Program {
    pie: bool,
    relro: bool,
    bind_now: bool,
    stack_without_code: bool,
    no_writable_code: bool,
    no_library_paths: bool,
    no_text_relocations: bool,
    marks: Marks,
    stack_protector: bool,
    /// Functions of the C library that check sizes, such as `__memcpy_chk`.
    fortified: usize,
}

/// Control-flow protection that code is marked to have: on x86 IBT and shadow
/// stacks, on arm64 BTI and PAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    jumps: bool,
    returns: bool,
}

impl Program {
    fn read(data: &[u8]) -> Result<Self> {
        match FileKind::parse(data)? {
            FileKind::Elf32 => Self::of::<elf::FileHeader32<Endianness>>(data),
            FileKind::Elf64 => Self::of::<elf::FileHeader64<Endianness>>(data),
            kind => bail!("{kind:?} is no program for Linux"),
        }
    }

    fn of<Elf: FileHeader<Endian = Endianness>>(data: &[u8]) -> Result<Self> {
        let file = ElfFile::<Elf>::parse(data)?;
        let endian = file.endian();
        // A program without this header gets a stack on which code may run.
        let (mut stack_without_code, mut no_writable_code) = (false, true);
        let (mut relro, mut flags, mut flags_1) = (false, 0, 0);
        let (mut bind_now, mut library_paths, mut text_relocations) = (false, false, false);
        for segment in file.elf_program_headers() {
            let permits = segment.p_flags(endian);
            let code = permits.contains(elf::PF_X);
            match segment.p_type(endian) {
                elf::PT_GNU_STACK => stack_without_code = !code,
                elf::PT_GNU_RELRO => relro = true,
                elf::PT_LOAD if code && permits.contains(elf::PF_W) => no_writable_code = false,
                _ => {}
            }
            for entry in segment.dynamic(endian, data)?.unwrap_or_default() {
                let value: u64 = entry.d_val(endian).into();
                match entry.tag(endian) {
                    elf::DT_FLAGS => flags = value,
                    elf::DT_FLAGS_1 => flags_1 = value,
                    elf::DT_BIND_NOW => bind_now = true,
                    elf::DT_RPATH | elf::DT_RUNPATH => library_paths = true,
                    elf::DT_TEXTREL => text_relocations = true,
                    _ => {}
                }
            }
        }
        let named: Vec<&str> = file
            .dynamic_symbols()
            .filter(|symbol| symbol.is_undefined())
            .filter_map(|symbol| symbol.name().ok())
            .collect();
        Ok(Self {
            pie: file.elf_header().e_type(endian) == elf::ET_DYN && flags_1 & elf::DF_1_PIE.0 != 0,
            relro,
            bind_now: bind_now || flags & elf::DF_BIND_NOW.0 != 0 || flags_1 & elf::DF_1_NOW.0 != 0,
            stack_without_code,
            no_writable_code,
            no_library_paths: !library_paths,
            no_text_relocations: !text_relocations && flags & elf::DF_TEXTREL.0 == 0,
            marks: marks(&file)?,
            stack_protector: named.iter().any(|name| protects_stack(name)),
            fortified: named.iter().filter(|name| checks_size(name)).count(),
        })
    }
}

/// What its GNU property note says.
fn marks<Elf: FileHeader<Endian = Endianness>>(file: &ElfFile<'_, Elf>) -> Result<Marks> {
    let endian = file.endian();
    // The bits of both machines are the same.
    let and = match file.elf_header().e_machine(endian) {
        elf::EM_AARCH64 => elf::GNU_PROPERTY_AARCH64_FEATURE_1_AND,
        _ => elf::GNU_PROPERTY_X86_FEATURE_1_AND,
    };
    for section in file.elf_section_table().iter() {
        let Some(mut notes) = section.notes(endian, file.data())? else {
            continue;
        };
        while let Some(note) = notes.next()? {
            let Some(mut properties) = note.gnu_properties(endian) else {
                continue;
            };
            while let Some(property) = properties.next()? {
                if property.pr_type() == and {
                    let bits = property.data_u32(endian)?;
                    return Ok(Marks {
                        jumps: bits & 1 != 0,
                        returns: bits & 2 != 0,
                    });
                }
            }
        }
    }
    Ok(Marks::default())
}

fn protects_stack(symbol: &str) -> bool {
    symbol.starts_with("__stack_chk_")
}

fn checks_size(symbol: &str) -> bool {
    symbol.starts_with("__") && symbol.ends_with("_chk")
}

fn of_programs(c: &Program, rust: &Program) -> Vec<Row> {
    let no_marks = "rustc of the stable kind cannot mark code for this: a program that holds \
                    any Rust loses it";
    let yes_or_no = [
        ("position-independent (PIE)", c.pie, rust.pie, "lost"),
        ("read-only relocations (RELRO)", c.relro, rust.relro, "lost"),
        (
            "symbols bound at start (BIND_NOW)",
            c.bind_now,
            rust.bind_now,
            "lost",
        ),
        (
            "no code on the stack",
            c.stack_without_code,
            rust.stack_without_code,
            "some object asks for an executable stack",
        ),
        (
            "no memory both writable and executable",
            c.no_writable_code,
            rust.no_writable_code,
            "lost",
        ),
        (
            "no RPATH, no RUNPATH",
            c.no_library_paths,
            rust.no_library_paths,
            "libraries are looked for elsewhere",
        ),
        (
            "no relocations in code",
            c.no_text_relocations,
            rust.no_text_relocations,
            "some object is not position-independent",
        ),
        (
            "marked for IBT or BTI",
            c.marks.jumps,
            rust.marks.jumps,
            no_marks,
        ),
        (
            "marked for shadow stacks or PAC",
            c.marks.returns,
            rust.marks.returns,
            no_marks,
        ),
        (
            "calls the stack protector",
            c.stack_protector,
            rust.stack_protector,
            "lost",
        ),
        (
            "calls functions that check sizes (FORTIFY)",
            c.fortified > 0,
            rust.fortified > 0,
            "lost",
        ),
    ];
    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    yes_or_no
        .into_iter()
        .map(|(what, c, rust, why)| Row {
            what: what.into(),
            c: word(c),
            rust: word(rust),
            verdict: match c && !rust {
                true => Verdict::Worse(why.into()),
                false => Verdict::Fine,
            },
        })
        .collect()
}

// ---- Objects ----------------------------------------------------------------

/// How one object is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Compiled {
    marks: Marks,
    stack_protector: bool,
    fortified: bool,
}

/// Objects by their names.
#[derive(Debug, Default)]
struct Objects(BTreeMap<PathBuf, Compiled>);

impl Objects {
    /// All objects of tor itself in a build.
    fn of_build(folder: &Path) -> Result<Self> {
        let mut objects = Self::default();
        for entry in WalkDir::new(folder.join("src")) {
            let entry = entry?;
            let path = entry.path().strip_prefix(folder)?;
            let is_object = path.extension().is_some_and(|end| end == "o");
            let is_of_tests = path.to_string_lossy().contains("test");
            // Cargo keeps objects of its own.
            if is_object && !is_of_tests && !path.starts_with("src/rust/target") {
                objects.add(path.into(), &fs::read(entry.path())?)?;
            }
        }
        ensure!(
            objects.0.len() > 100,
            "{} holds too few objects to be a build of tor",
            folder.display()
        );
        Ok(objects)
    }

    fn of_archive(path: &Path) -> Result<Self> {
        let data = fs::read(path)?;
        let mut objects = Self::default();
        for (number, member) in ArchiveFile::parse(&*data)?.members().enumerate() {
            let member = member?;
            let name = String::from_utf8_lossy(member.name()).into_owned();
            let data = member.data(&*data)?;
            if FileKind::parse(data).is_ok() {
                objects.add(format!("{number} {name}").into(), data)?;
            }
        }
        ensure!(!objects.0.is_empty(), "{} is empty", path.display());
        Ok(objects)
    }

    fn add(&mut self, name: PathBuf, data: &[u8]) -> Result<()> {
        let compiled = Compiled::read(data);
        let compiled = compiled.with_context(|| format!("cannot read {}", name.display()))?;
        self.0.insert(name, compiled);
        Ok(())
    }

    /// How many of how many have a property.
    fn with(&self, property: fn(&Compiled) -> bool) -> String {
        let with = self.0.values().filter(|object| property(object)).count();
        format!("{with} of {}", self.0.len())
    }
}

impl Compiled {
    fn read(data: &[u8]) -> Result<Self> {
        match FileKind::parse(data)? {
            FileKind::Elf32 => Self::of::<elf::FileHeader32<Endianness>>(data),
            FileKind::Elf64 => Self::of::<elf::FileHeader64<Endianness>>(data),
            kind => bail!("{kind:?} is no object for Linux"),
        }
    }

    fn of<Elf: FileHeader<Endian = Endianness>>(data: &[u8]) -> Result<Self> {
        let file = ElfFile::<Elf>::parse(data)?;
        let named: Vec<&str> = file
            .symbols()
            .filter(|symbol| symbol.is_undefined())
            .filter_map(|symbol| symbol.name().ok())
            .collect();
        Ok(Self {
            marks: marks(&file)?,
            stack_protector: named.iter().any(|name| protects_stack(name)),
            fortified: named.iter().any(|name| checks_size(name)),
        })
    }
}

type Property = fn(&Compiled) -> bool;

const PROPERTIES: &[(&str, Property)] = &[
    ("marked for IBT or BTI", |object| object.marks.jumps),
    ("marked for shadow stacks or PAC", |object| {
        object.marks.returns
    }),
    ("with stack protector", |object| object.stack_protector),
    ("with checked sizes (FORTIFY)", |object| object.fortified),
];

/// Objects that both builds have are compiled alike. What else the Rust build has is
/// the archive, of which nothing is asked.
fn of_objects(c: &Objects, rust: &Objects, archive: &Objects) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (what, property) in PROPERTIES {
        let lost: Vec<String> =
            c.0.iter()
                .filter(|(name, object)| {
                    property(object) && rust.0.get(*name).is_some_and(|object| !property(object))
                })
                .map(|(name, _)| name.display().to_string())
                .collect();
        rows.push(Row {
            what: format!("C objects {what}"),
            c: c.with(*property),
            rust: rust.with(*property),
            verdict: match lost.is_empty() {
                true => Verdict::Fine,
                false => Verdict::Worse(format!("lost in {}", lost.join(", "))),
            },
        });
    }
    for (what, property) in PROPERTIES {
        rows.push(Row {
            what: format!("objects of the Rust archive {what}"),
            c: String::new(),
            rust: archive.with(*property),
            verdict: Verdict::ToBeKnown,
        });
    }
    let common = c.0.keys().filter(|name| rust.0.contains_key(*name)).count();
    ensure!(
        common > 100,
        "the builds have only {common} objects in common"
    );
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CODE: &str = "\
#include <string.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  char buffer[8];
  memcpy(buffer, argv[0], (size_t)atoi(argv[argc - 1]));
  return buffer[0];
}
";

    /// Everything that a C build can have, the marks of all objects taken for granted.
    const PROTECTED: &[&str] = &[
        "-O2",
        "-fPIE",
        "-pie",
        "-fstack-protector-all",
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
        "-Wl,-z,relro,-z,now,-z,noexecstack",
    ];

    fn compile(code: &str, arguments: &[&[&str]]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let (source, made) = (folder.path().join("a.c"), folder.path().join("a"));
        fs::write(&source, code).unwrap();
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(compiler)
            .arg("-w")
            .args(arguments.concat())
            .arg(&source)
            .arg("-o")
            .arg(&made)
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
        fs::read(made).unwrap()
    }

    fn program(code: &str, more: &[&str]) -> Program {
        Program::read(&compile(code, &[PROTECTED, more])).unwrap()
    }

    fn worse(rows: &[Row]) -> Vec<&str> {
        rows.iter()
            .filter(|row| matches!(row.verdict, Verdict::Worse(_)))
            .map(|row| row.what.as_str())
            .collect()
    }

    #[test]
    fn every_protection_that_a_link_loses_is_a_row_that_fails() {
        let good = program(CODE, &[]);
        assert!(worse(&of_programs(&good, &good)).is_empty());
        let with_address_in_code =
            format!("{CODE}__asm__(\".pushsection .text\\n.quad main\\n.popsection\");");
        let with_writable_code = format!(
            "{CODE}__asm__(\".pushsection .both, \\\"awx\\\", @progbits\\n.quad 0\\n.popsection\");"
        );
        for (code, flags, expected) in [
            (CODE, &["-no-pie"][..], "position-independent (PIE)"),
            (CODE, &["-Wl,-z,norelro"], "read-only relocations (RELRO)"),
            (CODE, &["-Wl,-z,lazy"], "symbols bound at start (BIND_NOW)"),
            (CODE, &["-Wl,-z,execstack"], "no code on the stack"),
            (
                &with_writable_code,
                &[],
                "no memory both writable and executable",
            ),
            (CODE, &["-Wl,-rpath,/nowhere"], "no RPATH, no RUNPATH"),
            (
                &with_address_in_code,
                &["-Wl,-z,notext"],
                "no relocations in code",
            ),
            (CODE, &["-fno-stack-protector"], "calls the stack protector"),
            (
                CODE,
                &["-U_FORTIFY_SOURCE"],
                "calls functions that check sizes (FORTIFY)",
            ),
        ] {
            let bad = program(code, flags);
            assert_eq!(worse(&of_programs(&good, &bad)), [expected], "{flags:?}");
            assert!(worse(&of_programs(&bad, &good)).is_empty(), "{flags:?}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn lost_marks_are_rows_that_fail() {
        let plain = program(CODE, &["-Wl,-z,ibtplt"]);
        let marked = program(CODE, &["-Wl,-z,ibt,-z,shstk"]);
        assert_eq!(
            worse(&of_programs(&marked, &plain)),
            ["marked for IBT or BTI", "marked for shadow stacks or PAC"]
        );
        assert!(worse(&of_programs(&plain, &marked)).is_empty());
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn an_object_that_is_compiled_with_less_is_named() {
        let full: &[&str] = &["-c", "-fcf-protection=full"];
        let build = |of_last: &[&str]| {
            let mut objects = Objects::default();
            let good = compile(CODE, &[PROTECTED, full]);
            for number in 0..150 {
                objects.add(format!("{number}.o").into(), &good).unwrap();
            }
            let last = compile(CODE, &[PROTECTED, full, of_last]);
            objects.add("last.o".into(), &last).unwrap();
            objects
        };
        let (c, archive) = (build(&[]), Objects::default());
        assert!(worse(&of_objects(&c, &build(&[]), &archive).unwrap()).is_empty());
        for (flags, expected) in [
            (
                &["-fcf-protection=none"][..],
                &[
                    "C objects marked for IBT or BTI",
                    "C objects marked for shadow stacks or PAC",
                ][..],
            ),
            (
                &["-fno-stack-protector"],
                &["C objects with stack protector"],
            ),
            (
                &["-U_FORTIFY_SOURCE"],
                &["C objects with checked sizes (FORTIFY)"],
            ),
        ] {
            let rows = of_objects(&c, &build(flags), &archive).unwrap();
            assert_eq!(worse(&rows), expected);
            let said = format!("{rows:?}");
            assert!(said.contains("lost in last.o"), "{said}");
        }
    }
}
