//! Makes the pristine C side: a copy of an unpatched build's `libtor.a` in
//! which every symbol that a Rust component also defines is called `c_NAME`.
//!
//! Serves the crates `parity` and `bench`, which need both implementations in
//! one process. The symbols are renamed in the whole archive, references
//! included, so all of C Tor goes on calling C; the components' own members
//! also get new file names, so that a link map tells them from a C
//! implementation that should not be there. What draws randomness draws it
//! through us, so that a comparison can repeat it. The names are taken from the
//! objects and renamed one by one: `objcopy --prefix-symbols` would rename
//! malloc and everything else the objects only refer to.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};

/// The C side of one component: the files that stand for it.
struct Component {
    name: &'static str,
    /// The replaced files, and the dispatcher that calls them: renamed as
    /// well, `c_relay_crypto_init()` can stand beside a Rust build's own.
    sources: &'static [&'static str],
}

impl Component {
    /// Their members of `libtor.a`.
    fn members(&self) -> impl Iterator<Item = String> {
        self.sources.iter().map(|source| member(source))
    }
}

const COMPONENTS: &[Component] = &[
    Component {
        name: "cells",
        sources: &["src/core/or/relay_msg.c"],
    },
    Component {
        name: "onion",
        sources: &[
            "src/core/crypto/hs_ntor.c",
            "src/core/crypto/onion_fast.c",
            "src/core/crypto/onion_ntor.c",
            "src/core/crypto/onion_ntor_v3.c",
        ],
    },
    Component {
        name: "relaycrypt",
        sources: &[
            "src/core/crypto/relay_crypto.c",
            "src/core/crypto/relay_crypto_tor1.c",
            "src/core/crypto/relay_crypto_cgo.c",
        ],
    },
];

/// What clang is told for a fuzzer: stop at memory errors and undefined behaviour,
/// report which code runs.
const SANITIZERS: &[&str] = &[
    "-fsanitize=address,undefined,fuzzer-no-link",
    "-fno-sanitize-recover=undefined",
    "-fno-omit-frame-pointer",
];

/// What is put before the name of each C symbol and of each renamed member.
const PREFIX: &str = "c_";

/// A source of randomness.
struct Source {
    /// Where it is.
    member: &'static str,
    name: &'static str,
    /// What everybody else calls in its place (src/random.rs).
    ours: &'static str,
}

const SOURCES: &[Source] = &[
    Source {
        member: "libtor_crypt_ops_a-crypto_rand.o",
        name: "crypto_rand",
        ours: "ctor_crypto_rand",
    },
    Source {
        member: "libtor_crypt_ops_a-crypto_rand_fast.o",
        name: "crypto_fast_rng_getbytes",
        ours: "ctor_crypto_fast_rng_getbytes",
    },
];

fn main() {
    if let Err(error) = build() {
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}

fn build() -> Result<()> {
    println!("cargo:rerun-if-env-changed=TORRS_TOR_C");
    println!("cargo:rerun-if-changed=build.rs");
    let build_dir = std::env::var_os("TORRS_TOR_C").map(PathBuf::from).context(
        "TORRS_TOR_C is not set: set it to the build directory of an unpatched C tor \
         (`cargo xtask build --components none` makes one), or run `cargo xtask test`",
    )?;
    let original = build_dir.join("libtor.a");
    ensure!(
        original.is_file(),
        "{} does not exist: run make in the directory that TORRS_TOR_C names",
        original.display()
    );
    println!("cargo:rerun-if-changed={}", original.display());

    let out = PathBuf::from(std::env::var("OUT_DIR").context("cargo sets OUT_DIR")?);
    let makefile = build_dir.join("Makefile");
    println!("cargo:rerun-if-changed={}", makefile.display());
    let variables = Makefile::read(&makefile)?;
    let headers = Headers {
        source: build_dir.join(variables.words("top_srcdir").concat()),
        build: build_dir,
        ours: rust_headers(&out)?,
    };
    println!("cargo:rerun-if-env-changed=TORRS_FUZZ");
    let sanitized = match std::env::var_os("TORRS_FUZZ") {
        Some(_) => sanitize(&headers)?,
        None => Vec::new(),
    };
    rename(&original, &sanitized, &out)?;
    compile_glue(&headers)?;

    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static:-bundle=ctor");
    // The variables with which the build links tor itself.
    for flag in [
        "LDFLAGS",
        "src_app_tor_LDFLAGS",
        "src_app_tor_LDADD",
        "LIBS",
    ]
    .iter()
    .flat_map(|name| variables.words(name))
    {
        if let Some(dir) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={dir}");
        } else if let Some(library) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    }
    Ok(())
}

/// Where headers are.
struct Headers {
    /// Tor's source.
    source: PathBuf,
    /// The build directory, with orconfig.h.
    build: PathBuf,
    /// A folder in which the glue has the path that it has in a patched tor.
    ours: PathBuf,
}

impl Headers {
    /// A compiler for code of tor and for glue.
    fn compiler(&self) -> cc::Build {
        let mut compiler = cc::Build::new();
        compiler
            .define("HAVE_CONFIG_H", None)
            .define("LOCALSTATEDIR", "\"\"")
            .include(&self.build)
            .include(self.build.join("src"))
            .include(self.source.join("src"))
            .include(self.source.join("src/ext"))
            .include(self.source.join("src/trunnel"))
            .include(self.source.join("src/ext/trunnel"))
            .include(&self.ours)
            .warnings(false);
        compiler
    }
}

/// Makes `rust/c-glue/` findable for the glue's `#include`s.
fn rust_headers(out: &Path) -> Result<PathBuf> {
    let include = out.join("include");
    let link = include.join("rust/c-glue");
    fs::create_dir_all(include.join("rust"))?;
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link)?;
    }
    std::os::unix::fs::symlink(glue_folder()?, &link)?;
    Ok(include)
}

fn glue_folder() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("cargo sets CARGO_MANIFEST_DIR")?;
    Ok(Path::new(&here).join("../../c-glue"))
}

/// Compiles the host table's glue, through which Rust logs in C Tor's words.
fn compile_glue(headers: &Headers) -> Result<()> {
    let host = glue_folder()?.join("host.c");
    println!("cargo:rerun-if-changed={}", host.display());
    println!("cargo:rerun-if-changed=src/rust.c");
    let mut compiler = headers.compiler();
    for source in SOURCES {
        compiler.define(source.name, source.ours);
    }
    compiler
        .file(host)
        .file("src/rust.c")
        .try_compile("ctor_glue")?;
    Ok(())
}

/// Compiles the components' C files once more, with sanitizers.
fn sanitize(headers: &Headers) -> Result<Vec<PathBuf>> {
    let sources = COMPONENTS.iter().flat_map(|component| component.sources);
    let mut compiler = headers.compiler();
    compiler
        .compiler("clang")
        .files(sources.map(|source| headers.source.join(source)));
    for flag in SANITIZERS {
        compiler.flag(flag);
    }
    compiler
        .try_compile_intermediates()
        .context("cannot compile C with sanitizers: is clang installed?")
}

/// The name of a source file's member of `libtor.a`.
fn member(source: &str) -> String {
    let name = source.rsplit('/').next().unwrap_or(source);
    name.replace(".c", ".o")
}

/// Writes `libctor.a`, the renamed copy of `original`, into `out`. The objects
/// `sanitized`, if any, take the components' places first.
fn rename(original: &Path, sanitized: &[PathBuf], out: &Path) -> Result<()> {
    let archive = out.join("libctor.a");
    let members_dir = out.join("members");
    if members_dir.exists() {
        fs::remove_dir_all(&members_dir)?;
    }
    fs::create_dir(&members_dir)?;
    if archive.exists() {
        fs::remove_file(&archive)?;
    }
    fs::copy(original, &archive).with_context(|| format!("cannot copy {}", original.display()))?;

    let mut map = String::new();
    for component in COMPONENTS {
        run(
            tool("AR", "ar")
                .arg("x")
                .arg(original)
                .args(component.members()),
            &members_dir,
        )
        .with_context(|| format!("cannot take component {} out of libtor.a", component.name))?;
        for member in &component.members().collect::<Vec<_>>() {
            // GNU and LLVM ar only warn about a member that is not there.
            ensure!(
                members_dir.join(member).is_file(),
                "{} has no member {member}: is it the libtor.a of an unpatched build?",
                original.display()
            );
            let listing = run(
                tool("NM", "nm").args(["-g", "--defined-only", "--format=posix", member]),
                &members_dir,
            )?;
            for symbol in listing.lines().filter_map(|line| line.split(' ').next()) {
                map.push_str(&format!("{symbol} {PREFIX}{symbol}\n"));
            }
        }
    }
    ensure!(!map.is_empty(), "the members to rename define no symbols");
    for Source { name, ours, .. } in SOURCES {
        map.push_str(&format!("{name} {ours}\n"));
    }
    replace_members(&archive, sanitized, &members_dir)?;
    fs::write(out.join("renamed"), map)?;

    let redefine = ["--redefine-syms", "renamed", "libctor.a"];
    run(tool("OBJCOPY", "objcopy").args(redefine), out)?;

    // The originals keep their names.
    for Source { member, name, ours } in SOURCES {
        let take_out = ["x", "../libctor.a", member];
        run(tool("AR", "ar").args(take_out), &members_dir)?;
        let renamed_back = format!("{ours}={name}");
        let back = ["--redefine-sym", &renamed_back, member];
        run(tool("OBJCOPY", "objcopy").args(back), &members_dir)?;
        let put_back = ["r", "../libctor.a", member];
        run(tool("AR", "ar").args(put_back), &members_dir)?;
    }

    for member in COMPONENTS.iter().flat_map(Component::members) {
        let member = member.as_str();
        run(
            tool("AR", "ar").args(["x", "../libctor.a", member]),
            &members_dir,
        )?;
        run(
            tool("AR", "ar").args(["d", "../libctor.a", member]),
            &members_dir,
        )?;
        let renamed = format!("{PREFIX}{member}");
        fs::rename(members_dir.join(member), members_dir.join(&renamed))?;
        run(
            tool("AR", "ar").args(["qs", "../libctor.a", &renamed]),
            &members_dir,
        )?;
    }
    Ok(())
}

/// Puts `objects` into `archive` under the names of the members that they are
/// compiled from; the compiler puts a hash before each name.
fn replace_members(archive: &Path, objects: &[PathBuf], members_dir: &Path) -> Result<()> {
    for object in objects {
        let name = object.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split_once('-').map_or(&*name, |(_, rest)| rest);
        fs::copy(object, members_dir.join(name))?;
        run(
            tool("AR", "ar").arg("r").arg(archive).arg(name),
            members_dir,
        )?;
    }
    Ok(())
}

/// A binutils program, or the one that the environment names in its place.
fn tool(variable: &str, program: &str) -> Command {
    println!("cargo:rerun-if-env-changed={variable}");
    Command::new(std::env::var_os(variable).unwrap_or_else(|| program.into()))
}

/// Runs `command` in `dir` and returns what it printed.
fn run(command: &mut Command, dir: &Path) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .current_dir(dir)
        .output()
        .with_context(|| format!("cannot run {program}: install binutils"))?;
    if !output.status.success() {
        bail!(
            "{program} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The variables of an automake Makefile, unexpanded.
struct Makefile(HashMap<String, String>);

impl Makefile {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .replace("\\\n", " ");
        let variables = text
            .lines()
            .filter(|line| !line.starts_with(['\t', '#']))
            .filter_map(|line| line.split_once(" ="))
            .filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self(variables))
    }

    /// The words of variable `name`, with each `$(NAME)` in it expanded.
    fn words(&self, name: &str) -> Vec<String> {
        let value = self.0.get(name).map(String::as_str).unwrap_or_default();
        value
            .split_whitespace()
            .flat_map(|word| {
                let reference = word.strip_prefix("$(").and_then(|w| w.strip_suffix(')'));
                match reference {
                    Some(inner) if inner != name => self.words(inner),
                    _ => vec![word.to_owned()],
                }
            })
            .collect()
    }
}
