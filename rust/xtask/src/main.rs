//! `cargo xtask`: everything there is to do with this repository, each thing
//! one command: build a tor with Rust components, run a private network of
//! such tors, test it, measure it, and carry it into somebody's own tor tree.

mod apply;
mod compiler_cache;
mod components;
mod deb;
mod dist;
mod fuzz;
mod jobs;
mod layout;
mod linked_crates;
mod mirror;
mod network_run;
mod offline;
mod packages;
mod patches;
mod progress;
mod soak;
mod source;
mod suites;
mod tor_build;
mod trim;
mod unpacked;
mod vendor;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::components::{Catalogue, Choice};
use crate::deb::DebOptions;
use crate::dist::DistOptions;
use crate::fuzz::FuzzOptions;
use crate::layout::Layout;
use crate::network_run::RunOptions;
use crate::progress::{Progress, Scale};
use crate::soak::SoakOptions;
use crate::source::SourceOption;
use crate::tor_build::{Builder, Extent, Faults};

/// Builds, runs, tests and measures a C Tor with components in Rust.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    propagate_version = true,
    after_help = "Start with:\n  \
        cargo xtask run      a private network of tors with all components in Rust\n  \
        cargo xtask test     every test\n\n\
        Everything is built below target/tor/; full logs are in target/tor/logs/.\n\
        `cargo xtask help VERB` explains a verb and its options."
)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Builds tor, starts a private network of it, and moves data through it
    ///
    /// Gets C Tor's source, applies the patches, configures with
    /// --enable-rust, builds, starts directory authorities, relays, a client
    /// and an onion service on 127.0.0.1 (all of them this tor), fetches data
    /// through a 3-hop circuit and from the onion service, compares SHA-256,
    /// prints a summary and takes the network down. The exit code is 0 only if
    /// all data arrived unchanged.
    #[command(after_help = "Examples:\n  \
        cargo xtask run\n  \
        cargo xtask run --relays 8 --mib 256 --components relaycrypt --keep\n  \
        cargo xtask run --components none              the same network, all in C\n  \
        cargo xtask run --tor-src ~/src/tor            your own tor tree")]
    Run(RunOptions),

    /// Keeps a disturbed network under load for minutes or hours
    ///
    /// Rust tors, and C tors for one guard and one exit, carry checked
    /// transfers while circuits come and go, relays are killed and restarted,
    /// and a client disappears in mid-transfer. The exit code is a failure if a
    /// process died by itself, a log reports a bug, data arrived changed, a
    /// transfer broke off for no reason, or a relay's memory still grew after
    /// the warm-up. A plot of the relays' memory stands beside the logs.
    #[command(after_help = "Examples:\n  \
        cargo xtask soak\n  \
        cargo xtask soak --minutes 480 --seed 7\n  \
        cargo xtask soak --components none             the same, all in C")]
    Soak(SoakOptions),

    /// Builds tor; the last line printed is the path of the program
    ///
    /// A C build and any number of Rust builds live side by side, each in a
    /// folder of its own. A second build compiles only what changed.
    #[command(after_help = "Examples:\n  \
        cargo xtask build\n  \
        cargo xtask build --components none            unpatched tor\n  \
        $(cargo xtask build) --list-modules")]
    Build(BuildOptions),

    /// Makes a tor 0.4.9 source tree one that knows --enable-rust
    ///
    /// Copies the crates to DIR/src/rust and applies the patches of
    /// autoconf-patches/, all of them or none. DIR is a git checkout or an
    /// unpacked tarball. A second run changes nothing; after an update of this
    /// repository it replaces the older patches. The crates that Cargo.lock
    /// names are downloaded, so that tor's build needs no network.
    #[command(after_help = "Examples:\n  \
        cargo xtask apply ~/src/tor\n  \
        cargo xtask apply --take-back ~/src/tor        makes it plain tor again")]
    Apply(ApplyOptions),

    /// Makes tor-VERSION+rust.tar.xz, from which anybody builds tor
    ///
    /// The archive holds tor's source with the patches applied and a fresh
    /// configure, the Rust crates with everything that they need, and the
    /// generated header. In it `./configure --enable-rust && make` needs no
    /// network, no autotools and no cbindgen. The same input gives the same
    /// bytes; SOURCE_DATE_EPOCH is the time of its files, or else that of the
    /// newest commit. The last line printed is the path of the archive.
    #[command(after_help = "Examples:\n  \
        cargo xtask dist\n  \
        cargo xtask dist --output ~/release --tor-src ~/src/tor")]
    Dist(DistOptions),

    /// Makes a Debian package of tor with all components in Rust
    ///
    /// Takes the distribution's own source package of tor, adds quilt patches
    /// and Build-Depends, and builds it with dpkg-buildpackage, the
    /// distribution's rustc and cargo (on Debian 12 the packages rustc-web and
    /// cargo-web), and no network. DEBFULLNAME and DEBEMAIL sign the changelog;
    /// SOURCE_DATE_EPOCH is its date, or else that of the newest commit;
    /// DEB_BUILD_OPTIONS is honoured. The last lines printed are the paths of
    /// the source package and of the binary packages.
    #[command(after_help = "Examples:\n  \
        cargo xtask deb\n  \
        cargo xtask deb --source-only                  for your own builder\n  \
        DEB_BUILD_OPTIONS=nocheck cargo xtask deb      without tor's unit tests")]
    Deb(DebOptions),

    /// Runs the tests: all of every day, or the named suites
    ///
    /// Prints a table with the results of the C build and the Rust build, and
    /// as the last line the totals. The exit code is 0 only if nothing failed.
    #[command(after_help = "Examples:\n  \
        cargo xtask test\n  \
        cargo xtask test --list\n  \
        cargo xtask test unit parity")]
    Test(TestOptions),

    /// Searches for inputs that C and Rust treat differently
    ///
    /// Runs a comparison of tests/parity under libFuzzer, with AddressSanitizer
    /// and coverage in Rust and in the C files of the components. That needs a
    /// nightly toolchain; without it the corpus is replayed. The exit code is 0
    /// only if nothing was found.
    #[command(after_help = "Examples:\n  \
        cargo xtask fuzz --list\n  \
        cargo xtask fuzz cgo --seconds 600\n  \
        cargo xtask fuzz all --seconds 10 --minimise   writes tests/fuzz/corpus anew\n  \
        cargo xtask fuzz --record                      new relay cells for the corpus")]
    Fuzz(FuzzOptions),

    /// Measures C and Rust alternately in one process
    ///
    /// Everything but --tor-src goes to the benchmark itself.
    #[command(after_help = "Examples:\n  \
        cargo xtask bench\n  \
        cargo xtask bench --json\n  \
        cargo xtask bench --filter cgo --rounds 31     arguments of the benchmark")]
    Bench(BenchOptions),

    /// Writes the generated C header anew from the Rust boundary
    ///
    /// The header c-glue/tor_rust.h is committed; `cargo xtask test header`
    /// fails when it is not what the boundary says.
    Header,

    /// Writes the list of all crates that link into tor, with their licences
    ///
    /// The list rust/linked-crates.md is committed; `cargo xtask test
    /// dependencies` fails when it is not what Cargo.lock says.
    Licences,
}

#[derive(Args)]
struct BuildOptions {
    /// Which components are built from Rust: all, none, or a comma-separated
    /// list. "none" is unpatched tor
    #[arg(long, value_name = "LIST", default_value = "all")]
    components: String,
    #[command(flatten)]
    source: SourceOption,
}

#[derive(Args)]
struct ApplyOptions {
    /// The tor source tree to change
    #[arg(value_name = "DIR")]
    tree: PathBuf,
    /// Take the patches back and remove what was copied
    #[arg(long)]
    take_back: bool,
}

#[derive(Args)]
struct TestOptions {
    /// Suites to run; without any, all but those that the list marks
    #[arg(value_name = "SUITE")]
    suites: Vec<String>,
    /// List the suites and stop
    #[arg(long)]
    list: bool,
    /// Which components the Rust build has
    #[arg(long, value_name = "LIST", default_value = "all")]
    components: String,
    #[command(flatten)]
    source: SourceOption,
}

#[derive(Args)]
struct BenchOptions {
    #[command(flatten)]
    source: SourceOption,
    /// Arguments for the benchmark, such as --json; what it knows is listed by
    /// `cargo xtask bench -- --help`
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    let progress = Progress::new();
    match run(CommandLine::parse().verb, &progress) {
        Ok(code) => code,
        Err(error) => {
            progress.say(format!("{} {error:#}", console::style("error:").red()));
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb, progress: &Progress) -> Result<ExitCode> {
    let layout = Layout::find()?;
    let catalogue = Catalogue::read(&layout.root)?;
    match verb {
        Verb::Run(options) => {
            let choice = catalogue.choose(&options.components)?;
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            let build = builder.build(&choice, Faults::Never, Extent::Programs)?;
            // Others may build while this network runs.
            drop(builder);
            network_run::run(&layout, progress, &build, &options)
        }
        Verb::Soak(options) => {
            let choice = catalogue.choose(&options.components)?;
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            let c = builder.build(&Choice::None, Faults::Never, Extent::Programs)?;
            let rust = match choice.components().is_empty() {
                true => None,
                false => Some(builder.build(&choice, Faults::Never, Extent::Programs)?),
            };
            // Others may build while this network runs.
            drop(builder);
            soak::verb(&layout, progress, &c, rust.as_ref(), &options)
        }
        Verb::Build(options) => {
            let choice = catalogue.choose(&options.components)?;
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            let build = builder.build(&choice, Faults::Never, Extent::Programs)?;
            println!("{}", build.tor().display());
            Ok(ExitCode::SUCCESS)
        }
        Verb::Dist(options) => {
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            dist::run(&layout, progress, &builder, &options)
        }
        Verb::Deb(options) => {
            let builder = builder(&layout, progress, None)?;
            deb::run(&layout, progress, &builder, &options)
        }
        Verb::Apply(options) => apply_to(&layout, progress, &options),
        Verb::Test(options) if options.list => {
            suites::list();
            Ok(ExitCode::SUCCESS)
        }
        Verb::Test(options) => {
            let choice = catalogue.choose(&options.components)?;
            let suites = suites::choose(&options.suites)?;
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            suites::run(&layout, progress, &catalogue, &choice, &builder, &suites)
        }
        Verb::Fuzz(options) => {
            let all = catalogue.choose("all")?;
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            fuzz::run(&layout, progress, &builder, &all, &options)
        }
        Verb::Bench(options) => {
            let builder = builder(&layout, progress, options.source.tor_src.as_deref())?;
            suites::cargo_tests::bench(&layout, &builder, &options.arguments)
        }
        Verb::Header => suites::header::write(&layout, progress, &catalogue),
        Verb::Licences => {
            linked_crates::write(&layout, &catalogue)?;
            println!("{}", layout.root.join(linked_crates::LIST).display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Sees to packages and source first: everything that builds needs both.
fn builder<'a>(
    layout: &'a Layout,
    progress: &'a Progress,
    tor_src: Option<&Path>,
) -> Result<Builder<'a>> {
    let lock = layout.lock(progress)?;
    packages::ensure(layout, progress, packages::FOR_BUILDS)?;
    let source = source::find(layout, progress, tor_src)?;
    Ok(Builder::new(layout, progress, source, lock))
}

fn apply_to(layout: &Layout, progress: &Progress, options: &ApplyOptions) -> Result<ExitCode> {
    let tree = env::current_dir()?
        .join(&options.tree)
        .canonicalize()
        .with_context(|| format!("there is no folder {}", options.tree.display()))?;
    let label = match options.take_back {
        false => "apply",
        true => "take back",
    };
    let step = progress.step(label, Scale::Unknown);
    let changes = match options.take_back {
        false => apply::apply(&layout.root, &tree)?,
        true => apply::take_back(&layout.root, &tree)?,
    };
    if changes.is_empty() {
        step.done("nothing to do");
    } else {
        let (written, removed) = (changes.written.len(), changes.removed.len());
        step.done(format!("{written} files written, {removed} removed"));
    }
    if !options.take_back {
        tor_build::fetch_crates(layout, progress, &tree).context(
            "the tree is complete, but the crates could not be downloaded, and tor's build needs them",
        )?;
        progress.say(format!(
            "Now, in {}:\n    autoreconf -fi && ./configure --enable-rust && make",
            tree.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
