//! Without --enable-rust the patches change nothing: every object of the
//! patched tree has the code, data, relocations and symbols of the unpatched
//! tree's. Only line numbers, which assertions and log calls carry as
//! constants, may have moved in the few files that a patch touches.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};
use object::{
    elf, File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SymbolSection,
};
use walkdir::WalkDir;

use super::{Outcome, Stage};
use crate::apply;
use crate::patches::Overlay;
use crate::progress::Scale;
use crate::tor_build::Extent;

/// How two objects compare.
#[derive(Debug, PartialEq, Eq)]
enum Likeness {
    Equal,
    LineNumbers,
}

/// Builds the patched tree in C and compares all objects.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    let c = stage.c_build()?.folder.clone();
    let patched = stage.builder.build_patched_c(Extent::Everything)?.folder;
    let touched = touched_files(stage)?;
    let step = stage.progress.step("compare objects", Scale::Unknown);
    let (ours, theirs) = (objects(&patched)?, objects(&c)?);
    let mut outcome = Outcome::default();
    let (mut equal, mut moved) = (0, 0);
    for path in ours.union(&theirs) {
        step.note(path.display().to_string());
        let result = match (ours.contains(path), theirs.contains(path)) {
            (true, true) => compare_files(&c.join(path), &patched.join(path), &touched, path),
            (false, _) => Err(anyhow::anyhow!("is not in the patched build")),
            (_, false) => Err(anyhow::anyhow!("is only in the patched build")),
        };
        match &result {
            Ok(Likeness::Equal) => equal += 1,
            Ok(Likeness::LineNumbers) => moved += 1,
            Err(_) => {}
        }
        outcome.check(&path.display().to_string(), result.map(drop));
    }
    step.done(format!(
        "{equal} equal, {moved} differ in line numbers only"
    ));
    Ok(outcome)
}

/// The C files that the patches touch, with the number of lines that they add
/// to each.
fn touched_files(stage: &Stage<'_>) -> Result<Vec<(PathBuf, u64)>> {
    let tree = &stage.builder.source().folder;
    let series = apply::series(&stage.layout.root)?;
    let before: Overlay = apply::originals(tree, &series)?;
    let after = series.apply(tree, &before)?;
    let lines = |content: &[u8]| content.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let mut touched = Vec::new();
    for (path, content) in after {
        let Some(content) = content else { continue };
        let old = match before.get(&path) {
            Some(old) => old.clone(),
            None => fs::read(tree.join(&path)).ok(),
        };
        let added = lines(&content).abs_diff(old.map_or(0, |old| lines(&old)));
        touched.push((path, added));
    }
    Ok(touched)
}

/// All objects of a build, relative to it.
fn objects(build: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in WalkDir::new(build.join("src")) {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "o") {
            found.insert(path.strip_prefix(build)?.into());
        }
    }
    ensure!(!found.is_empty(), "{} holds no objects", build.display());
    Ok(found)
}

fn compare_files(
    c: &Path,
    patched: &Path,
    touched: &[(PathBuf, u64)],
    path: &Path,
) -> Result<Likeness> {
    let (left, right) = (fs::read(c)?, fs::read(patched)?);
    let Err(difference) = compare(&left, &right) else {
        return Ok(Likeness::Equal);
    };
    // The object of src/x/y.c is src/x/y.o or src/x/library-y.o.
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let source = touched.iter().find(|(source, _)| {
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        source.parent() == path.parent()
            && source.extension().is_some_and(|end| end == "c")
            && (name == stem || name.ends_with(&format!("-{stem}")))
    });
    let Some((_, added)) = source else {
        bail!("{difference}, and no patch touches this file");
    };
    ensure!(
        difference.is_code,
        "{difference}; line numbers do not explain that"
    );
    only_line_numbers(&disassemble(c)?, &disassemble(patched)?, *added)?;
    Ok(Likeness::LineNumbers)
}

/// The first difference between two objects.
#[derive(Debug)]
struct Difference {
    what: String,
    /// The same number of bytes of code, but other bytes.
    is_code: bool,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

/// Compares what ends up in memory: sections, relocations, global symbols.
/// Debug information, which names folders and lines, is left out. A difference
/// in code bytes is reported only if there is no other.
fn compare(left: &[u8], right: &[u8]) -> std::result::Result<(), Difference> {
    let other = |what: String| Difference {
        what,
        is_code: false,
    };
    let parse = |data| File::parse(data).map_err(|error| other(error.to_string()));
    let (left, right) = (parse(left)?, parse(right)?);
    if symbols(&left) != symbols(&right) {
        return Err(other("other symbols".into()));
    }
    let (left, right) = (sections(&left), sections(&right));
    if left.len() != right.len() {
        return Err(other("another number of sections".into()));
    }
    let mut code = None;
    for (a, b) in left.iter().zip(&right) {
        if (&a.name, a.size, &a.relocations) != (&b.name, b.size, &b.relocations) {
            return Err(other(format!("section {} differs from {}", b.name, a.name)));
        }
        if a.bytes != b.bytes {
            let difference = Difference {
                what: format!("other bytes in section {}", a.name),
                is_code: a.name.starts_with(".text"),
            };
            if !difference.is_code {
                return Err(difference);
            }
            code = Some(difference);
        }
    }
    code.map_or(Ok(()), Err)
}

struct Section<'d> {
    name: String,
    size: u64,
    bytes: &'d [u8],
    relocations: Vec<String>,
}

fn sections<'d>(file: &File<'d>) -> Vec<Section<'d>> {
    file.sections()
        .filter(|section| is_loaded(section.flags()))
        .map(|section| Section {
            name: section.name().unwrap_or_default().into(),
            size: section.size(),
            bytes: section.data().unwrap_or_default(),
            relocations: section
                .relocations()
                .map(|(offset, relocation)| {
                    let target = match relocation.target() {
                        RelocationTarget::Symbol(index) => name_of(file, index),
                        target => format!("{target:?}"),
                    };
                    let (kind, addend) = (relocation.flags(), relocation.addend());
                    format!("{offset:x} {kind:?} {target} {addend:x}")
                })
                .collect(),
        })
        .collect()
}

/// Whether a section is in memory when the program runs.
fn is_loaded(flags: SectionFlags) -> bool {
    match flags {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.contains(elf::SHF_ALLOC),
        _ => false,
    }
}

fn name_of(file: &File<'_>, index: object::SymbolIndex) -> String {
    let Ok(symbol) = file.symbol_by_index(index) else {
        return format!("{index:?}");
    };
    let name = symbol.name().unwrap_or_default();
    match symbol.section() {
        SymbolSection::Section(section) if name.is_empty() => {
            let section = file.section_by_index(section);
            let name = section
                .as_ref()
                .ok()
                .and_then(|section| section.name().ok());
            name.unwrap_or_default().into()
        }
        _ => name.into(),
    }
}

/// Global symbols: name, whether defined here, size.
fn symbols(file: &File<'_>) -> BTreeSet<(String, bool, u64)> {
    file.symbols()
        .filter(|symbol| symbol.is_global())
        .map(|symbol| {
            let name = symbol.name().unwrap_or_default();
            (name.into(), symbol.is_definition(), symbol.size())
        })
        .collect()
}

fn disassemble(object: &Path) -> Result<String> {
    let output = Command::new("objdump")
        .args(["--disassemble", "--no-show-raw-insn"])
        .arg(object)
        .output()
        .context("objdump is needed: install binutils")?;
    ensure!(
        output.status.success(),
        "objdump cannot read {}",
        object.display()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Instruction by instruction the same, but for constants that grew by no more
/// than the number of lines that the patch adds.
fn only_line_numbers(left: &str, right: &str, added: u64) -> Result<()> {
    // The first lines name the file.
    let code = |text: &'_ str| -> Vec<String> {
        let lines = text
            .lines()
            .skip_while(|line| !line.starts_with("Disassembly"));
        lines.map(String::from).collect()
    };
    let (left, right) = (code(left), code(right));
    ensure!(left.len() == right.len(), "another number of instructions");
    for (a, b) in left.iter().zip(&right) {
        if a == b {
            continue;
        }
        let moved = match (constant(a), constant(b)) {
            (Some((before_a, x, after_a)), Some((before_b, y, after_b))) => {
                before_a == before_b && after_a == after_b && x.abs_diff(y) <= added
            }
            _ => false,
        };
        ensure!(moved, "\"{}\" became \"{}\"", a.trim(), b.trim());
    }
    Ok(())
}

/// Splits an instruction at its constant: `mov $0x1f,%esi`.
fn constant(instruction: &str) -> Option<(&str, u64, &str)> {
    let (before, rest) = instruction.split_once("$0x")?;
    let end = rest
        .find(|c: char| !c.is_ascii_hexdigit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    Some((before, u64::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles C as tor does and compares.
    fn compare_sources(left: &str, right: &str, added: u64) -> Result<Likeness> {
        let folder = tempfile::tempdir().unwrap();
        let mut objects = Vec::new();
        for (name, text) in [("left", left), ("right", right)] {
            let folder = folder.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("x.c"), text).unwrap();
            let status = Command::new("cc")
                .current_dir(&folder)
                .args(["-g", "-O2", "-c", "x.c"])
                .status()
                .unwrap();
            assert!(status.success());
            objects.push(folder.join("x.o"));
        }
        let touched = [(PathBuf::from("x.c"), added)];
        compare_files(&objects[0], &objects[1], &touched, Path::new("x.o"))
    }

    const C: &str = "void g(int); void f(int x) {\n  if (x)\n    g(__LINE__);\n}\n";

    #[test]
    fn comments_change_nothing_but_line_numbers() {
        assert_eq!(compare_sources(C, C, 0).unwrap(), Likeness::Equal);
        let right = format!("/* one\n   two */\n{C}");
        assert_eq!(
            compare_sources(C, &right, 2).unwrap(),
            Likeness::LineNumbers
        );
        assert!(compare_sources(C, &right, 1).is_err());
    }

    #[test]
    fn other_code_data_or_symbols_are_found() {
        let condition = C.replace("if (x)", "if (!x)");
        assert!(compare_sources(C, &condition, 9).is_err());
        let callee = C.replace("g(", "h(");
        assert!(compare_sources(C, &callee, 9).is_err());
        let data = |value: u8| format!("const int table[2] = {{1, {value}}};\n");
        assert!(compare_sources(&data(2), &data(3), 9).is_err());
    }
}
