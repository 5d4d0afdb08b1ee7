//! Formatting, clippy, and the rule about `unsafe`: it stands only where it is
//! allowed, and each one says why it is sound. The rule is checked on tokens,
//! so that macros and code for other targets count too. And the oldest compiler:
//! Cargo.toml states it, everything else has to agree.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure, Context, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use toml::{Table, Value};
use walkdir::WalkDir;

use super::cargo_tests::TOR_C;
use super::{Outcome, Stage};
use crate::components::{accelerators, minimum_rustc, read_manifest};
use crate::jobs::Job;
use crate::packages;
use crate::progress::Scale;
use crate::tor_build::cargo;
use crate::unpacked::rust_version;

/// The only code below rust/ that may say `unsafe`: the boundary, and the
/// relay cell kernels.
fn may_be_unsafe(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !path.starts_with("rust")
        || path.starts_with("rust/ffi")
        || (path.starts_with("rust/relaycrypt/src") && name.starts_with("kernel"))
        || path.starts_with("rust/relaycrypt/src/kernel")
}

/// Runs all lints.
pub fn run(stage: &Stage<'_>) -> Result<Outcome> {
    // Clippy runs build scripts, and one of them compiles libFuzzer.
    packages::ensure(stage.layout, stage.progress, packages::FOR_FUZZERS)?;
    let mut outcome = Outcome::default();
    let tests = ["--manifest-path", "tests/Cargo.toml"];
    let mut features = accelerators(&stage.layout.root)?;
    features.extend([stage.catalogue.names(), "fault".into()]);
    let features = features.join(",");
    let deny = ["--", "-D", "warnings"];

    outcome.check("format, what links into tor", format(stage, &[]));
    outcome.check("format, tools and tests", format(stage, &tests));
    let arguments = [&["--features", &features][..], &deny].concat();
    outcome.check(
        "clippy, what links into tor",
        clippy(stage, "what links into tor", &arguments),
    );
    let arguments = [&tests[..], &deny].concat();
    outcome.check(
        "clippy, tools and tests",
        clippy(stage, "tools and tests", &arguments),
    );
    outcome.check("one oldest compiler", one_minimum(&stage.layout.root));
    for path in rust_files(&stage.layout.root)? {
        let text = std::fs::read_to_string(stage.layout.root.join(&path))?;
        outcome.check(
            &path.display().to_string(),
            check_unsafe(&text, may_be_unsafe(&path)),
        );
    }
    Ok(outcome)
}

fn format(stage: &Stage<'_>, arguments: &[&str]) -> Result<()> {
    lint(
        stage,
        "rustfmt",
        "fmt",
        &[&["--all", "--check"], arguments].concat(),
    )
}

fn clippy(stage: &Stage<'_>, label: &str, arguments: &[&str]) -> Result<()> {
    let common = ["--workspace", "--all-targets", "--locked"];
    let label = format!("clippy, {label}");
    lint(stage, &label, "clippy", &[&common, arguments].concat())
}

fn lint(stage: &Stage<'_>, label: &str, verb: &str, arguments: &[&str]) -> Result<()> {
    // The crate that links C Tor's objects wants to know where they are.
    let c = stage.c_build()?;
    let step = stage.progress.step(label, Scale::Unknown);
    let log = format!("{}.log", label.replace([' ', ','], "-"));
    Job::new(cargo(), &stage.layout.root, stage.layout.logs().join(log))
        .arg(verb)
        .args(arguments)
        .env("CARGO_TARGET_DIR", &stage.layout.target)
        .env(TOR_C, &c.folder)
        .run(|line| step.note(line.trim()))
        .with_context(|| format!("cargo {verb} is not content; if it is not installed: rustup component add rustfmt clippy"))?;
    step.done("");
    Ok(())
}

/// The README wants the compilers that Cargo.toml states, and each crate takes
/// the workspace's, which is what clippy reads.
fn one_minimum(root: &Path) -> Result<()> {
    let manifest = read_manifest(&root.join("Cargo.toml"))?;
    let workspace = manifest.get("workspace").and_then(Value::as_table);
    let workspace = workspace.context("Cargo.toml is no workspace")?;
    let newer = workspace
        .get("metadata")
        .and_then(|table| table.get("rust-version")?.as_table());
    let mut stated = vec![minimum_rustc(root)?];
    let values = newer.into_iter().flat_map(Table::values);
    stated.extend(values.filter_map(|version| version.as_str().map(String::from)));
    let readme = std::fs::read_to_string(root.join("README.md"))?;
    check_wanted(&readme, &stated)?;
    let members = workspace.get("members").and_then(Value::as_array);
    for member in members.into_iter().flatten().filter_map(Value::as_str) {
        let manifest = read_manifest(&root.join(member).join("Cargo.toml"))?;
        ensure!(
            inherits(&manifest),
            "{member}/Cargo.toml does not say rust-version.workspace = true"
        );
    }
    ensure!(
        inherits(&manifest),
        "the root package has a rust-version of its own"
    );
    Ok(())
}

fn inherits(manifest: &Table) -> bool {
    manifest
        .get("package")
        .and_then(|package| package.get("rust-version")?.get("workspace")?.as_bool())
        .unwrap_or(false)
}

/// A text wants ("1.85 or later", "before 1.89") each stated version and no other.
fn check_wanted(text: &str, stated: &[String]) -> Result<()> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let version = |word: &str| -> Option<String> {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        // Rust's, not tor's or a library's.
        (rust_version(word)? >= (1, 50) && word.starts_with("1.")).then(|| word.into())
    };
    let mut wanted = Vec::new();
    for three in words.windows(3) {
        match three {
            [number, "or", later] if later.starts_with("later") => wanted.extend(version(number)),
            [_, "before", number] => wanted.extend(version(number)),
            _ => {}
        }
    }
    for version in &wanted {
        ensure!(
            stated.contains(version),
            "README.md wants {version}, Cargo.toml {}",
            stated.join(" and ")
        );
    }
    for version in stated {
        ensure!(
            wanted.contains(version),
            "README.md does not say \"{version} or later\", which Cargo.toml wants"
        );
    }
    Ok(())
}

/// All Rust files of the clone, relative to it.
fn rust_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0 || !(name.starts_with('.') || name.starts_with("target"))
        });
    for entry in entries {
        let entry = entry?;
        if entry.path().extension().is_some_and(|end| end == "rs") {
            files.push(entry.path().strip_prefix(root)?.into());
        }
    }
    Ok(files)
}

/// Every `unsafe` of a file is allowed there and has its reason.
fn check_unsafe(text: &str, allowed: bool) -> Result<()> {
    let tokens: TokenStream = match text.parse() {
        Ok(tokens) => tokens,
        Err(error) => bail!("cannot be read as Rust: {error}"),
    };
    let mut places = Vec::new();
    find_unsafe(tokens, &mut places);
    if let Some(line) = places.first() {
        ensure!(
            allowed,
            "line {line}: `unsafe` belongs into rust/ffi or a kernel of relaycrypt"
        );
    }
    let lines: Vec<&str> = text.lines().collect();
    let bare: Vec<_> = places
        .into_iter()
        .filter(|&line| !has_reason(&lines, line))
        .map(|line| line.to_string())
        .collect();
    ensure!(
        bare.is_empty(),
        "`unsafe` without a SAFETY comment in line {}",
        bare.join(", ")
    );
    Ok(())
}

/// The lines (from 1) of all `unsafe` blocks, functions, impls and extern
/// blocks. Attributes (`#[unsafe(no_mangle)]`) and types of function pointers
/// promise nothing and are left out.
fn find_unsafe(tokens: TokenStream, places: &mut Vec<usize>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => find_unsafe(group.stream(), places),
            TokenTree::Ident(word) if word == "unsafe" => {
                let rest = tokens.get(index + 1..).unwrap_or_default();
                if !is_attribute(rest) && !is_pointer_type(rest) {
                    places.push(word.span().start().line);
                }
            }
            _ => {}
        }
    }
}

fn is_attribute(rest: &[TokenTree]) -> bool {
    matches!(rest.first(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
}

/// `unsafe fn(…)` and `unsafe extern "C" fn(…)`: no name after `fn`.
fn is_pointer_type(rest: &[TokenTree]) -> bool {
    let at = rest
        .iter()
        .take(3)
        .position(|token| token.to_string() == "fn");
    matches!(
        at.and_then(|at| rest.get(at + 1)),
        Some(TokenTree::Group(_))
    )
}

/// Whether the comment above the statement or item at this line (from 1), or
/// one in it, gives the reason.
fn has_reason(lines: &[&str], line: usize) -> bool {
    let gives = |text: &str| {
        text.split_once("//")
            .is_some_and(|(_, comment)| comment.contains("SAFETY:") || comment.contains("# Safety"))
    };
    let at = line - 1;
    if lines.get(at).is_some_and(|text| gives(text)) {
        return true;
    }
    for text in lines.iter().take(at).rev() {
        let text = text.trim();
        if gives(text) {
            return true;
        }
        // Up through attributes, comments and the lines of the statement; not
        // into the one before it.
        let passes = text.starts_with("//")
            || text.starts_with("#[")
            || (!text.is_empty() && !text.ends_with([';', '{', '}']));
        if !passes {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHOUT: &str = "fn f() {\n    let x = 1;\n    unsafe { g() };\n}\n";

    #[test]
    fn an_unsafe_without_a_reason_is_found() {
        let error = check_unsafe(WITHOUT, true).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
    }

    #[test]
    fn an_unsafe_in_the_wrong_file_is_found() {
        let text = WITHOUT.replace(
            "    unsafe",
            "    // SAFETY: g has no conditions.\n    unsafe",
        );
        check_unsafe(&text, true).unwrap();
        assert!(check_unsafe(&text, false).is_err());
    }

    #[test]
    fn reasons_stand_above_the_statement_or_in_the_documentation() {
        let text = "\
/// Does it.
///
/// # Safety
/// `p` is valid.
#[inline]
pub unsafe fn f(p: *const u8) {
    // SAFETY: as above.
    let value =
        unsafe { *p };
}
";
        check_unsafe(text, true).unwrap();
    }

    #[test]
    fn words_and_types_are_not_blocks() {
        let text = "
#![deny(unsafe_op_in_unsafe_fn)]
// unsafe {
#[unsafe(no_mangle)]
extern \"C\" fn f() { let _ = \"unsafe { }\"; }
type Callback = unsafe extern \"C\" fn(i32);
type Other = Option<unsafe fn(i32)>;
";
        check_unsafe(text, false).unwrap();
    }

    #[test]
    fn a_text_wants_the_stated_compilers_and_no_other() {
        let stated = ["1.85".to_string(), "1.89".into()];
        let good = "rustc (1.85 or\nlater), with rustc before 1.89. measured: rustc 1.95, zlib 1.2 or later";
        check_wanted(good, &stated).unwrap();
        let error = check_wanted(&good.replace("1.85", "1.84"), &stated).unwrap_err();
        assert!(error.to_string().contains("wants 1.84"), "{error}");
        let error = check_wanted("1.85 or later", &stated).unwrap_err();
        assert!(error.to_string().contains("1.89 or later"), "{error}");
    }

    #[test]
    fn a_crate_with_a_compiler_of_its_own_is_found() {
        let manifest = |line: &str| format!("[package]\n{line}\n").parse().unwrap();
        assert!(inherits(&manifest("rust-version.workspace = true")));
        assert!(!inherits(&manifest("rust-version = \"1.85\"")));
        assert!(!inherits(&manifest("")));
    }

    #[test]
    fn macros_are_looked_into() {
        let text = "macro_rules! m { () => {\n    unsafe { g() }\n} }\n";
        assert!(check_unsafe(text, true).is_err());
    }

    #[test]
    fn unsafe_is_allowed_at_the_boundary_only() {
        for (path, allowed) in [
            ("rust/ffi/src/relaycrypt.rs", true),
            ("rust/relaycrypt/src/kernel.rs", true),
            ("rust/relaycrypt/src/kernel_vaes.rs", true),
            ("rust/relaycrypt/src/tor1.rs", false),
            ("rust/xtask/src/main.rs", false),
            ("tests/ctor/src/lib.rs", true),
        ] {
            assert_eq!(may_be_unsafe(Path::new(path)), allowed, "{path}");
        }
    }
}
