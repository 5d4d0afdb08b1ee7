//! Running other programs: make, cargo, apt-get. Their output goes to a log
//! file, line by line to whoever shows progress, and on failure its last
//! relevant lines go to the user together with the log's path.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, Context, Result};

/// How many lines of a failed program's output are shown.
const SHOWN_LINES: usize = 20;

/// Variables that cargo sets for `cargo xtask` itself and that would mislead a
/// cargo or make started from here.
const OURS: &[&str] = &[
    "CARGO",
    "CARGO_TARGET_DIR",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUST_RECURSION_COUNT",
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "DESTDIR",
];
const OUR_PREFIXES: &[&str] = &[
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
];

/// A program to run.
pub struct Job {
    program: PathBuf,
    arguments: Vec<OsString>,
    folder: PathBuf,
    log: PathBuf,
    variables: Vec<(OsString, OsString)>,
    inherits: bool,
}

/// What a program left behind.
pub struct Output {
    /// Standard output and standard error as they came.
    pub text: String,
    /// Whether it ended with exit code 0.
    pub success: bool,
    /// Its exit code, if no signal ended it.
    pub code: Option<i32>,
    /// How it ended, in words.
    pub status: String,
}

impl Job {
    /// `program` will run in `folder`; what it prints is written to `log`.
    pub fn new(program: impl Into<PathBuf>, folder: &Path, log: PathBuf) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            folder: folder.into(),
            log,
            variables: Vec::new(),
            inherits: true,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Leaves it no variables but those that are set here.
    pub fn without_environment(mut self) -> Self {
        self.inherits = false;
        self
    }

    /// Has it look for programs in this folder before all others.
    pub fn look_first_in(mut self, folder: &Path) -> Self {
        let set = self.variables.iter().position(|(name, _)| name == "PATH");
        let old = match set {
            Some(at) => Some(self.variables.swap_remove(at).1),
            None => env::var_os("PATH").filter(|_| self.inherits),
        };
        let mut path = folder.as_os_str().to_owned();
        if let Some(old) = old {
            path.push(":");
            path.push(old);
        }
        self.env("PATH", path)
    }

    /// Runs to the end, whatever the exit code; `watch` sees each line.
    pub fn finish(&self, mut watch: impl FnMut(&str)) -> Result<Output> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut log = File::create(&self.log)
            .with_context(|| format!("cannot write the log {}", self.log.display()))?;
        let mut expression = duct::cmd(self.program.as_os_str(), &self.arguments)
            .dir(&self.folder)
            .stdin_null()
            .stderr_to_stdout()
            .unchecked();
        if self.inherits {
            // In duct what is said first has the last word.
            for (name, value) in &self.variables {
                expression = expression.env(name, value);
            }
            for (name, _) in env::vars_os().filter(|(name, _)| is_ours(name)) {
                expression = expression.env_remove(name);
            }
        } else {
            expression = expression.full_env(self.variables.iter().cloned());
        }
        let reader = expression
            .reader()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let mut lines = BufReader::new(&reader);
        let (mut text, mut line) = (String::new(), Vec::new());
        while lines.read_until(b'\n', &mut line)? > 0 {
            log.write_all(&line)?;
            let shown = String::from_utf8_lossy(&line);
            watch(shown.trim_end());
            text.push_str(&shown);
            line.clear();
        }
        let output = reader.try_wait()?;
        let output = output.ok_or_else(|| anyhow!("lost sight of {}", self.program.display()))?;
        Ok(Output {
            text,
            success: output.status.success(),
            code: output.status.code(),
            status: output.status.to_string(),
        })
    }

    /// Runs to the end; anything but exit code 0 is an error that shows the
    /// last relevant lines and where the rest is.
    pub fn run(&self, watch: impl FnMut(&str)) -> Result<String> {
        let output = self.finish(watch)?;
        if output.success {
            return Ok(output.text);
        }
        Err(anyhow!(self.complaint(&output)))
    }

    /// What to tell the user about a run that failed.
    pub fn complaint(&self, output: &Output) -> String {
        format!(
            "{} failed ({}):\n{}\nThe full log is {}",
            self.program
                .file_name()
                .unwrap_or(self.program.as_os_str())
                .to_string_lossy(),
            output.status,
            relevant_lines(&output.text),
            self.log.display()
        )
    }
}

fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    OURS.contains(&name.as_ref()) || OUR_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The lines of a failed program that explain the failure: those around the
/// first complaint if there is one, the last ones otherwise.
fn relevant_lines(text: &str) -> String {
    let complaints = [
        "error:",
        "error[",
        "rror 1",
        "undefined reference",
        "No rule to make",
        "fatal",
        "*** ",
        "E: ",
        "cannot find",
        "panicked",
    ];
    let lines: Vec<&str> = text.lines().collect();
    let complaint = lines
        .iter()
        .position(|line| complaints.iter().any(|word| line.contains(word)));
    let last = lines.len().saturating_sub(SHOWN_LINES);
    let first = complaint.map_or(last, |at| at.saturating_sub(2).min(last));
    let shown = lines.iter().skip(first).take(SHOWN_LINES);
    shown
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Job) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let job = Job::new("sh", folder.path(), log).args(["-c", script]);
        (folder, job)
    }

    #[test]
    fn a_failure_shows_the_complaint_and_the_log() {
        let (folder, job) = shell("echo before; echo 'x.c:1: error: no'; exit 3");
        let error = job.run(|_| ()).unwrap_err().to_string();
        assert!(error.contains("error: no") && error.contains("exit status: 3"));
        let log = folder.path().join("log");
        assert!(error.contains(&log.display().to_string()));
        assert!(fs::read_to_string(log).unwrap().starts_with("before"));
    }

    #[test]
    fn both_outputs_arrive_in_order_and_line_by_line() {
        let (_folder, job) = shell("echo one; echo two >&2; echo three");
        let mut seen = Vec::new();
        job.run(|line| seen.push(line.to_string())).unwrap();
        assert_eq!(seen, ["one", "two", "three"]);
    }

    #[test]
    fn what_is_set_for_the_program_wins_over_what_is_taken_away() {
        // Cargo sets this one for tests; it is among those taken away.
        let (_folder, job) = shell("echo $CARGO_MANIFEST_DIR; echo ${CARGO_PKG_NAME-unset}");
        let job = job.env("CARGO_MANIFEST_DIR", "ours");
        assert_eq!(job.run(|_| ()).unwrap(), "ours\nunset\n");
    }

    #[test]
    fn without_environment_only_what_is_set_arrives() {
        let (_folder, job) = shell("env | sort");
        let job = job
            .without_environment()
            .env("A", "1")
            .env("PATH", "/usr/bin:/bin");
        let text = job.look_first_in(Path::new("/a")).run(|_| ()).unwrap();
        // The shell adds variables of its own.
        let is_ours = |line: &&str| !line.starts_with("PWD=") && !line.starts_with("_=");
        let lines: Vec<_> = text.lines().filter(is_ours).collect();
        assert_eq!(lines, ["A=1", "PATH=/a:/usr/bin:/bin"]);
    }

    #[test]
    fn variables_of_the_outer_cargo_do_not_reach_the_program() {
        assert!(is_ours(OsStr::new("CARGO_MANIFEST_DIR")));
        assert!(is_ours(OsStr::new("CARGO_PKG_NAME")));
        for kept in ["RUSTUP_TOOLCHAIN", "CARGO_HOME", "RUSTFLAGS", "PATH"] {
            assert!(!is_ours(OsStr::new(kept)), "{kept}");
        }
    }
}
