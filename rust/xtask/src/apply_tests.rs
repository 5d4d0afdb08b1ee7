//! Toy trees and toy patches: what `apply` promises, each promise a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;
use walkdir::WalkDir;

use super::*;

const CONFIGURE: &str = "AC_INIT([tor],[0.4.9.11])\nalpha\nbeta\ngamma\ndelta\nepsilon\n";
const INCLUDE: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n";

const BUILD: &str = "\
A sentence about the patch.

--- a/configure.ac
+++ b/configure.ac
@@ -2,3 +2,4 @@
 alpha
 beta
+AC_ARG_ENABLE([rust])
 gamma
--- /dev/null
+++ b/src/new.c
@@ -0,0 +1,2 @@
+int new;
+int old;
";
const COMPONENT: &str = "\
--- a/src/include.am
+++ b/src/include.am
@@ -1,2 +1,2 @@
-one
+ONE
 two
@@ -8,2 +8,3 @@
 eight
+eight and a half
 nine
--- a/configure.ac
+++ b/configure.ac
@@ -3,2 +3,3 @@
 beta
+COMPONENT([relaycrypt])
 AC_ARG_ENABLE([rust])
";

/// A repository like ours and a tree like tor's.
struct Scene {
    _folder: TempDir,
    root: PathBuf,
    tree: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (root, tree) = (folder.path().join("repo"), folder.path().join("tor"));
        let scene = Self {
            _folder: folder,
            root,
            tree,
        };
        for (name, text) in [
            ("Cargo.toml", "[workspace]\nmembers = [\"rust/ffi\"]\n"),
            ("Cargo.lock", ""),
            ("LICENSE", "BSD"),
            ("rust/lib.rs", ""),
            ("rust/linked-crates.md", ""),
            ("rust/ffi/src/lib.rs", "// ffi"),
            ("rust/ffi/target/junk", ""),
            ("rust/xtask/src/main.rs", ""),
            ("c-glue/glue.c", "int glue;"),
            ("autoconf-patches/rust.am", "if USE_RUST"),
            ("autoconf-patches/0001-build.patch", BUILD),
            ("autoconf-patches/0002-relaycrypt.patch", COMPONENT),
        ] {
            scene.write_root(name, text);
        }
        write(&scene.tree, "configure.ac", CONFIGURE);
        write(&scene.tree, "src/include.am", INCLUDE);
        scene
    }

    fn write_root(&self, name: &str, text: &str) {
        write(&self.root, name, text);
    }

    fn apply(&self) -> Result<Changes> {
        apply(&self.root, &self.tree)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.tree.join(name)).unwrap()
    }

    /// Every file with its content and time stamp.
    fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        WalkDir::new(&self.tree)
            .sort_by_file_name()
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let changed = entry.metadata().unwrap().modified().unwrap();
                let content = fs::read(entry.path()).unwrap();
                (entry.into_path(), content, changed)
            })
            .collect()
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn patches_and_crates_arrive() {
    let scene = Scene::new();
    scene.apply().unwrap();
    assert!(scene
        .read("configure.ac")
        .contains("beta\nCOMPONENT([relaycrypt])\nAC_ARG_ENABLE([rust])\ngamma\n"));
    assert!(scene.read("src/include.am").starts_with("ONE\ntwo\n"));
    assert!(scene
        .read("src/include.am")
        .ends_with("eight\neight and a half\nnine\n"));
    assert_eq!(scene.read("src/new.c"), "int new;\nint old;\n");
    assert_eq!(scene.read("src/rust/rust/ffi/src/lib.rs"), "// ffi");
    assert_eq!(
        scene.read("src/rust/autoconf-patches/rust.am"),
        "if USE_RUST"
    );
    assert!(!scene.tree.join("src/rust/rust/xtask").exists());
    assert!(!scene.tree.join("src/rust/rust/ffi/target").exists());
}

#[test]
fn a_second_run_touches_nothing() {
    let scene = Scene::new();
    assert!(!scene.apply().unwrap().is_empty());
    let before = scene.snapshot();
    assert_eq!(scene.apply().unwrap(), Changes::default());
    assert_eq!(scene.snapshot(), before);
}

#[test]
fn only_what_changed_is_written() {
    let scene = Scene::new();
    scene.apply().unwrap();
    scene.write_root("c-glue/glue.c", "int other_glue;");
    let changes = scene.apply().unwrap();
    assert_eq!(changes.written, [PathBuf::from("src/rust/c-glue/glue.c")]);
}

#[test]
fn stale_files_go_and_the_files_of_others_stay() {
    let scene = Scene::new();
    scene.apply().unwrap();
    write(&scene.tree, "src/rust/vendor/aes/lib.rs", "");
    fs::remove_file(scene.root.join("c-glue/glue.c")).unwrap();
    scene.write_root("c-glue/relaycrypt.c", "");
    scene.apply().unwrap();
    assert!(!scene.tree.join("src/rust/c-glue/glue.c").exists());
    assert!(scene.tree.join("src/rust/vendor/aes/lib.rs").exists());
}

#[test]
fn hunks_that_moved_still_fit() {
    let scene = Scene::new();
    write(
        &scene.tree,
        "src/include.am",
        &format!("new\nlines\nabove\n{INCLUDE}and\nbelow\n"),
    );
    scene.apply().unwrap();
    assert!(scene
        .read("src/include.am")
        .starts_with("new\nlines\nabove\nONE\n"));
    take_back(&scene.root, &scene.tree).unwrap();
    assert!(scene
        .read("src/include.am")
        .ends_with("eight\nnine\nand\nbelow\n"));
}

#[test]
fn a_misfit_names_patch_hunk_and_file_and_changes_nothing() {
    let scene = Scene::new();
    write(
        &scene.tree,
        "src/include.am",
        &INCLUDE.replace("eight", "acht"),
    );
    let before = scene.snapshot();
    let error = scene.apply().unwrap_err().to_string();
    assert!(
        error.starts_with("0002-relaycrypt.patch does not fit: hunk 2 of src/include.am"),
        "{error}"
    );
    assert!(error.contains("\"eight\"") && error.contains("Nothing was changed"));
    assert_eq!(scene.snapshot(), before);
}

#[test]
fn a_missing_file_of_the_repository_changes_nothing() {
    let scene = Scene::new();
    fs::remove_file(scene.root.join("LICENSE")).unwrap();
    let before = scene.snapshot();
    let error = scene.apply().unwrap_err().to_string();
    assert!(error.contains("LICENSE is missing"), "{error}");
    assert_eq!(scene.snapshot(), before);
}

#[test]
fn an_older_series_is_taken_back_first() {
    let scene = Scene::new();
    scene.apply().unwrap();
    scene.write_root(
        "autoconf-patches/0001-build.patch",
        &BUILD.replace("AC_ARG_ENABLE([rust])", "AC_ARG_ENABLE([more-rust])"),
    );
    fs::remove_file(scene.root.join("autoconf-patches/0002-relaycrypt.patch")).unwrap();
    scene.apply().unwrap();
    assert_eq!(
        scene.read("configure.ac"),
        CONFIGURE.replace("beta\n", "beta\nAC_ARG_ENABLE([more-rust])\n")
    );
    assert_eq!(scene.read("src/include.am"), INCLUDE);
    assert!(!scene
        .tree
        .join("src/rust/autoconf-patches/0002-relaycrypt.patch")
        .exists());
}

#[test]
fn a_new_series_that_does_not_fit_leaves_the_old_one_in_place() {
    let scene = Scene::new();
    scene.apply().unwrap();
    let before = scene.snapshot();
    scene.write_root(
        "autoconf-patches/0002-relaycrypt.patch",
        &COMPONENT.replace(" eight", " acht"),
    );
    assert!(scene.apply().is_err());
    assert_eq!(scene.snapshot(), before);
}

#[test]
fn a_tree_that_was_reset_under_us_is_patched_again() {
    let scene = Scene::new();
    scene.apply().unwrap();
    write(&scene.tree, "configure.ac", CONFIGURE);
    write(&scene.tree, "src/include.am", INCLUDE);
    fs::remove_file(scene.tree.join("src/new.c")).unwrap();
    scene.apply().unwrap();
    assert!(scene.read("src/include.am").starts_with("ONE\n"));
}

#[test]
fn a_tree_patched_by_quilt_is_taken_over() {
    let scene = Scene::new();
    scene.apply().unwrap();
    fs::remove_dir_all(scene.tree.join("src/rust")).unwrap();
    let configure = scene.read("configure.ac");
    scene.apply().unwrap();
    assert_eq!(scene.read("configure.ac"), configure);
}

#[test]
fn work_of_others_in_a_patched_place_is_not_overwritten() {
    let scene = Scene::new();
    scene.apply().unwrap();
    let mine = scene.read("src/include.am").replace("ONE", "mine");
    write(&scene.tree, "src/include.am", &mine);
    scene.write_root("autoconf-patches/0003-more.patch", BUILD);
    let error = scene.apply().unwrap_err().to_string();
    assert!(
        error.starts_with("0002-relaycrypt.patch cannot be taken back: hunk 1 of src/include.am"),
        "{error}"
    );
    assert_eq!(scene.read("src/include.am"), mine);
}

#[test]
fn taking_back_restores_every_byte() {
    let scene = Scene::new();
    let names = |scene: &Scene| {
        scene
            .snapshot()
            .into_iter()
            .map(|(path, content, _)| (path, content))
            .collect::<Vec<_>>()
    };
    let before = names(&scene);
    scene.apply().unwrap();
    take_back(&scene.root, &scene.tree).unwrap();
    assert_eq!(names(&scene), before);
    assert!(!scene.tree.join("src/rust").exists());
}

#[test]
fn other_versions_of_tor_are_refused() {
    let scene = Scene::new();
    write(
        &scene.tree,
        "configure.ac",
        &CONFIGURE.replace("0.4.9.11", "0.4.8.14"),
    );
    let error = scene.apply().unwrap_err().to_string();
    assert!(
        error.contains("0.4.8.14") && error.contains("0.4.9.x"),
        "{error}"
    );
}

#[test]
fn a_patch_cannot_leave_the_tree() {
    let scene = Scene::new();
    scene.write_root(
        "autoconf-patches/0001-build.patch",
        "--- /dev/null\n+++ b/../escape\n@@ -0,0 +1 @@\n+out\n",
    );
    let error = scene.apply().unwrap_err().to_string();
    assert!(error.contains("outside the tree"), "{error}");
}
