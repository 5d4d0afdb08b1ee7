//! Makes the pristine C side: a copy of an unpatched build's `libtor.a` in
//! which every symbol that a Rust component also defines is called `c_NAME`.
//!
//! Serves the crates `parity` and `bench`, which need both implementations in
//! one process. The symbols are renamed in the whole archive, references
//! included, so all of C Tor goes on calling C; the components' own members
//! also get new file names, so that a link map tells them from a C
//! implementation that should not be there. Of a file that stays in a Rust build,
//! only the replaced functions are renamed; it is compiled once more, with the
//! build's own flags, so that static ones among them can be called. What draws
//! randomness draws it through us, and what asks for tor's options asks us, so that
//! a comparison can repeat it. The names are taken from the
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
    /// The replaced functions of files that stay, static ones among them.
    functions: &'static [Functions],
}

/// Functions of a file that stays. A file is named once.
struct Functions {
    source: &'static str,
    names: &'static [&'static str],
}

impl Component {
    /// The members of `libtor.a` that are the replaced files'.
    fn members(&self) -> impl Iterator<Item = String> {
        self.sources.iter().map(|source| member(source))
    }
}

/// The functions of files that stay, of all components.
fn functions() -> impl Iterator<Item = &'static Functions> {
    COMPONENTS.iter().flat_map(|component| component.functions)
}

/// The source of every component.
fn sources() -> impl Iterator<Item = &'static str> {
    let all = COMPONENTS.iter().flat_map(|component| component.sources);
    all.copied()
}

const COMPONENTS: &[Component] = &[
    Component {
        name: "cells",
        sources: &[
            "src/core/or/onion.c",
            "src/core/or/relay_msg.c",
            "src/core/proto/proto_cell.c",
        ],
        functions: &[
            Functions {
                source: "src/core/crypto/onion_crypto.c",
                names: &[
                    "negotiate_v3_ntor_client_circ_params",
                    "negotiate_v3_ntor_server_circ_params",
                ],
            },
            Functions {
                source: "src/core/or/circuitbuild.c",
                names: &["client_circ_negotiation_message"],
            },
            Functions {
                source: "src/core/or/conflux_cell.c",
                names: &[
                    "build_link_cell",
                    "conflux_cell_new_link",
                    "conflux_cell_parse_link",
                    "conflux_cell_parse_linked",
                    "conflux_cell_parse_switch",
                ],
            },
            Functions {
                source: "src/core/or/connection_edge.c",
                names: &["begin_cell_parse", "connected_cell_format_payload"],
            },
            Functions {
                source: "src/core/or/connection_or.c",
                names: &[
                    "cell_pack",
                    "cell_unpack",
                    "var_cell_copy",
                    "var_cell_free_",
                    "var_cell_new",
                    "var_cell_pack_header",
                ],
            },
            Functions {
                source: "src/core/or/relay.c",
                names: &["connected_cell_parse", "resolved_cell_parse"],
            },
            Functions {
                source: "src/core/or/sendme.c",
                // The last two stay: they are how the rest is called.
                names: &[
                    "build_cell_payload_v1",
                    "cell_version_can_be_handled",
                    "sendme_is_valid",
                ],
            },
            Functions {
                source: "src/feature/hs/hs_cell.c",
                names: &[
                    "hs_cell_build_establish_intro",
                    "hs_cell_build_establish_rendezvous",
                    "hs_cell_build_introduce1",
                    "hs_cell_build_rendezvous1",
                    "hs_cell_introduce1_data_clear",
                    "hs_cell_parse_intro_established",
                    "hs_cell_parse_introduce2",
                    "hs_cell_parse_introduce_ack",
                    "hs_cell_parse_rendezvous2",
                ],
            },
        ],
    },
    Component {
        name: "cert",
        sources: &["src/feature/nodelist/torcert.c"],
        functions: &[],
    },
    Component {
        name: "onion",
        sources: &[
            "src/core/crypto/hs_ntor.c",
            "src/core/crypto/onion_fast.c",
            "src/core/crypto/onion_ntor.c",
            "src/core/crypto/onion_ntor_v3.c",
        ],
        functions: &[],
    },
    Component {
        name: "relaycrypt",
        sources: &[
            "src/core/crypto/relay_crypto.c",
            "src/core/crypto/relay_crypto_tor1.c",
            "src/core/crypto/relay_crypto_cgo.c",
        ],
        functions: &[],
    },
    Component {
        name: "trunnel",
        sources: &[
            "src/ext/trunnel/trunnel.c",
            "src/trunnel/channelpadding_negotiation.c",
            "src/trunnel/circpad_negotiation.c",
            "src/trunnel/conflux.c",
            "src/trunnel/congestion_control.c",
            "src/trunnel/ed25519_cert.c",
            "src/trunnel/extension.c",
            "src/trunnel/flow_control_cells.c",
            "src/trunnel/hs/cell_establish_intro.c",
            "src/trunnel/hs/cell_introduce1.c",
            "src/trunnel/hs/cell_rendezvous.c",
            "src/trunnel/link_handshake.c",
            "src/trunnel/netinfo.c",
            "src/trunnel/pwbox.c",
            "src/trunnel/sendme_cell.c",
            "src/trunnel/socks5.c",
            "src/trunnel/subproto_request.c",
        ],
        functions: &[],
    },
];

/// What clang is told for a fuzzer: stop at memory errors and undefined behaviour,
/// report which code runs. Not at `memcpy()` of no bytes to or from null: C Tor does
/// that where something of trunnel's is empty.
const SANITIZERS: &[&str] = &[
    "-fsanitize=address,undefined,fuzzer-no-link",
    "-fno-sanitize=nonnull-attribute",
    "-fno-sanitize-recover=undefined",
    "-fno-omit-frame-pointer",
];

/// What is put before the name of each C symbol and of each renamed member.
const PREFIX: &str = "c_";

/// Files that stay, but hold so much of C around what Rust does that both sides
/// have one: the other is patched as in tor.
const PATCHED: &[&str] = &["src/feature/hs/hs_cell.c"];

/// What decides where arguments do not: randomness, options, the consensus; and of X.509
/// and TLS what can be asked without a connection.
struct Source {
    /// Where it is.
    member: &'static str,
    name: &'static str,
    /// What everybody else calls in its place (src/random.rs, src/options.c,
    /// src/hs_cell.c, src/tls.rs).
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
    Source {
        member: "config.o",
        name: "get_options",
        ours: "ctor_get_options",
    },
    Source {
        member: "config.o",
        name: "safe_str_client_opts",
        ours: "ctor_safe_str_client_opts",
    },
    Source {
        member: "networkstatus.o",
        name: "networkstatus_get_param",
        ours: "ctor_networkstatus_get_param",
    },
    Source {
        member: "libtor_tls_a-tortls_openssl.o",
        name: "tor_tls_cert_matches_key",
        ours: "ctor_tls_cert_matches_key",
    },
    Source {
        member: "libtor_tls_a-tortls_openssl.o",
        name: "tor_tls_get_peer_cert",
        ours: "ctor_tls_get_peer_cert",
    },
    Source {
        member: "libtor_tls_a-x509_openssl.o",
        name: "tor_tls_cert_is_valid",
        ours: "ctor_tls_cert_is_valid",
    },
    Source {
        member: "libtor_tls_a-x509_openssl.o",
        name: "tor_tls_cert_get_key",
        ours: "ctor_tls_cert_get_key",
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
    let stays = with_statics(&out)?;
    let compiled = match std::env::var_os("TORRS_FUZZ") {
        Some(_) => sanitize(&headers, stays)?,
        None => compile_as_tor(&headers, stays, &variables)?,
    };
    rename(&original, &compiled, &out)?;
    compile_glue(&headers)?;
    declare_formats(&out)?;
    compile_patched(&headers, &out)?;

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
            .define("TRUNNEL_LOCAL_H", None)
            // Proofs of work are verified in src/hs_cell.c.
            .define("HAVE_MODULE_POW", None)
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

/// Compiles the host table's glue, through which Rust logs in C Tor's words, and
/// that of components which is more than a proof about types; and what has to be C
/// on this side.
fn compile_glue(headers: &Headers) -> Result<()> {
    let mut compiler = headers.compiler();
    for source in SOURCES {
        compiler.define(source.name, source.ours);
    }
    for name in ["host.c", "cells.c", "cert.c"] {
        let glue = glue_folder()?.join(name);
        println!("cargo:rerun-if-changed={}", glue.display());
        compiler.file(glue);
    }
    for own in [
        "src/certs.c",
        "src/circuits.c",
        "src/options.c",
        "src/rust.c",
    ] {
        println!("cargo:rerun-if-changed={own}");
        compiler.file(own);
    }
    compiler.try_compile("ctor_glue")?;
    Ok(())
}

/// Compiles what calls both sides of files that stay, and the Rust side of them.
fn compile_patched(headers: &Headers, out: &Path) -> Result<()> {
    println!("cargo:rerun-if-changed=src/hs_cell.c");
    let patches = glue_folder()?.join("../autoconf-patches");
    println!("cargo:rerun-if-changed={}", patches.display());
    let patch = fs::read_to_string(patches.join("0004-cells.patch"))?;
    let folder = out.join("patched");
    let mut compiler = headers.compiler();
    for source in SOURCES {
        compiler.define(source.name, source.ours);
    }
    compiler.define("USE_RUST_CELLS", None);
    if std::env::var_os("TORRS_FUZZ").is_some() {
        with_sanitizers(&mut compiler);
    }
    for source in PATCHED {
        let file = folder.join(source);
        fs::create_dir_all(file.parent().unwrap_or(out))?;
        fs::copy(headers.source.join(source), &file)?;
        let begins = format!("a/{source} ");
        let hunks = patch
            .split("diff --git ")
            .find(|of| of.starts_with(&begins));
        let hunks = hunks.with_context(|| format!("0004-cells.patch has no {source}"))?;
        let part = folder.join("patch");
        fs::write(&part, format!("diff --git {hunks}"))?;
        run(
            Command::new("patch").args(["-p1", "-s", "-i"]).arg(&part),
            &folder,
        )?;
        compiler.file(file);
    }
    compiler.file("src/hs_cell.c").try_compile("ctor_patched")?;
    Ok(())
}

/// Writes a file for each one that stays and has functions to rename: it includes
/// that file and takes the functions' addresses, so that static ones are not only in
/// their callers, nor changed for them.
fn with_statics(out: &Path) -> Result<Vec<PathBuf>> {
    let folder = out.join("stays");
    fs::create_dir_all(&folder)?;
    let mut written = Vec::new();
    for Functions { source, names } in functions() {
        let include = source.strip_prefix("src/").unwrap_or(source);
        let mut text = format!("#include \"{include}\"\n");
        for name in *names {
            text.push_str(&format!("const void *const ctor_keep_{name} = {name};\n"));
        }
        let file = folder.join(source.rsplit('/').next().unwrap_or(source));
        ensure!(!written.contains(&file), "{source} is named twice");
        fs::write(&file, text)?;
        written.push(file);
    }
    Ok(written)
}

/// Compiles files with the flags of the build that `variables` are from.
fn compile_as_tor(
    headers: &Headers,
    files: Vec<PathBuf>,
    variables: &Makefile,
) -> Result<Vec<PathBuf>> {
    let mut compiler = headers.compiler();
    compiler.no_default_flags(true).files(files);
    let flags = ["CFLAGS", "AM_CFLAGS"].map(|name| variables.words(name));
    // Those of the response file are about warnings.
    for flag in flags.iter().flatten().filter(|flag| !flag.starts_with('@')) {
        compiler.flag(flag);
    }
    compiler
        .try_compile_intermediates()
        .context("cannot compile a file of tor")
}

/// Compiles the components' C files once more, and `stays`, with sanitizers.
fn sanitize(headers: &Headers, stays: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut compiler = headers.compiler();
    with_sanitizers(&mut compiler)
        .files(sources().map(|source| headers.source.join(source)))
        .files(stays);
    compiler
        .try_compile_intermediates()
        .context("cannot compile C with sanitizers: is clang installed?")
}

fn with_sanitizers(compiler: &mut cc::Build) -> &mut cc::Build {
    compiler.compiler("clang");
    for flag in SANITIZERS {
        compiler.flag(flag);
    }
    compiler
}

/// The name of a source file's member of `libtor.a`: those of a library with flags
/// of its own have the library's name before theirs.
fn member(source: &str) -> String {
    let name = source.rsplit('/').next().unwrap_or(source);
    let library = match source {
        "src/ext/trunnel/trunnel.c" => "trunnel_libor_trunnel_a-",
        _ if source.starts_with("src/trunnel/") => "libor_trunnel_a-",
        _ => "",
    };
    format!("{library}{}", name.replace(".c", ".o"))
}

/// Writes the declarations of C's functions for the described formats
/// (src/trunnel.rs), which are too many to write by hand.
fn declare_formats(out: &Path) -> Result<()> {
    let mut text = String::from("renamed! {\n");
    let groups = formats::described::groups();
    for format in groups.iter().flat_map(|group| &group.formats) {
        for function in formats::functions::functions(format) {
            let arguments: String = function
                .arguments
                .iter()
                .map(|(name, of)| format!("{name}: {}, ", of.rust()))
                .collect();
            let answer = match &function.answer {
                Some(of) => format!(" -> {}", of.rust()),
                None => String::new(),
            };
            text.push_str(&format!("fn {}({arguments}){answer};\n", function.name));
        }
    }
    text.push_str("}\n");
    Ok(fs::write(out.join("trunnel.rs"), text)?)
}

/// Writes `libctor.a`, the renamed copy of `original`, into `out`. The objects
/// `compiled` take the places of their files' own first.
fn rename(original: &Path, compiled: &[PathBuf], out: &Path) -> Result<()> {
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
    for name in functions().flat_map(|functions| functions.names) {
        map.push_str(&format!("{name} {PREFIX}{name}\n"));
    }
    for Source { name, ours, .. } in SOURCES {
        map.push_str(&format!("{name} {ours}\n"));
    }
    replace_members(&archive, compiled, &members_dir)?;
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
/// compiled from: those of the files that stay, before them those of the replaced
/// files, if any. The functions that are to be called there become global.
fn replace_members(archive: &Path, objects: &[PathBuf], members_dir: &Path) -> Result<()> {
    let stay = functions().map(|functions| functions.source);
    let sources: Vec<_> = sources().chain(stay).collect();
    for (object, source) in objects.iter().rev().zip(sources.iter().rev()) {
        let name = &*member(source);
        fs::copy(object, members_dir.join(name))?;
        for functions in functions().filter(|functions| functions.source == *source) {
            let globalize = |function| format!("--globalize-symbol={function}");
            let mut objcopy = tool("OBJCOPY", "objcopy");
            objcopy
                .args(functions.names.iter().map(globalize))
                .arg(name);
            run(&mut objcopy, members_dir)?;
        }
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
