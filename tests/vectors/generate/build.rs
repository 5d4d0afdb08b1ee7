//! Opens Arti's circuit handshakes for `src/handshakes.rs`.
//!
//! tor-proto 0.47.0 exports hs-ntor, but neither CREATE_FAST nor ntor nor ntor
//! v3, with no feature. What it does export of them, whole circuits, draws from
//! the system's randomness and shows no keys. So their files are taken from the
//! package that Cargo.lock names, and compiled once more, as modules of this
//! crate. Nothing of them is in this repository; of their code, only paths and
//! visibilities are changed.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{ensure, Context, Result};
use cargo_metadata::MetadataCommand;

const FILES: [&str; 7] = [
    "crypto/handshake.rs",
    "crypto/handshake/fast.rs",
    "crypto/handshake/ntor.rs",
    NTOR_V3,
    "crypto/ll.rs",
    "crypto/ll/kdf.rs",
    "util/ct.rs",
];
const NTOR_V3: &str = "crypto/handshake/ntor_v3.rs";

/// ntor v3 with any message and any verification string. What tor-proto itself
/// can reach sends extensions only, to extend circuits only.
const OPENED: [&str; 4] = [
    "struct NtorV3XofReader(",
    "fn client_handshake_ntor_v3<",
    "fn client_handshake_ntor_v3_part2(",
    "fn server_handshake_ntor_v3<",
];

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    // Features of tor-proto, which are off here.
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"bench\", \"hs-common\"))");
    let package = tor_proto()?;
    // published.rs reads there too.
    println!("cargo::rustc-env=TOR_PROTO={}", package.display());

    let out = PathBuf::from(env::var_os("OUT_DIR").context("no OUT_DIR")?).join("handshakes");
    for file in FILES {
        let source = package.join("src").join(file);
        let mut text = fs::read_to_string(&source)
            .with_context(|| format!("cannot read {}", source.display()))?
            .replace("crate::", "crate::handshakes::");
        if file == NTOR_V3 {
            for item in OPENED {
                let private = format!("\n{item}");
                ensure!(
                    text.matches(&private).count() == 1,
                    "tor-proto has not one {item}"
                );
                text = text.replace(&private, &format!("\npub(crate) {item}"));
            }
        }
        let copy = out.join(file);
        fs::create_dir_all(copy.parent().context("a file has no folder")?)?;
        fs::write(copy, text)?;
    }
    // Modules are found beside the file that declares them.
    let modules = "pub(crate) mod crypto { pub(crate) mod handshake; pub(crate) mod ll; }\n\
                   pub(crate) mod util { pub(crate) mod ct; }\n";
    fs::write(out.join("modules.rs"), modules)?;
    Ok(())
}

fn tor_proto() -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .other_options(["--locked".to_owned()])
        .exec()?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "tor-proto")
        .context("tor-proto is not among the dependencies")?;
    let folder = package
        .manifest_path
        .parent()
        .context("a manifest has no folder")?;
    Ok(folder.into())
}
