//! The driver of one build of tor: compiled, started, fed and read.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{ensure, Context, Result};

use crate::{certs, keys, Script};

/// A driver, ready to be started.
#[derive(Clone, Debug)]
pub struct Driver {
    /// The build of tor that it drives.
    pub build: PathBuf,
    program: PathBuf,
    fault: Option<&'static str>,
}

/// What a driver printed about one script, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(pub Vec<String>);

impl Driver {
    /// Compiles the driver for the build that an environment variable names.
    ///
    /// # Errors
    /// If it names none, or one without its unit tests' library.
    pub fn of_variable(name: &str) -> Result<Driver> {
        let build = std::env::var_os(name)
            .with_context(|| format!("{name} has to name a build directory of tor"))?;
        Driver::compile(Path::new(&build))
    }

    /// Compiles the driver for a build of tor, beside this program.
    ///
    /// # Errors
    /// If that build has no library of its unit tests, or make fails.
    pub fn compile(build: &Path) -> Result<Driver> {
        Driver::compile_with(build, None)
    }

    /// The same with another build's Rust archive in the place of this one's: one
    /// that has faults.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn with_archive_of(&self, other: &Path) -> Result<Driver> {
        Driver::compile_with(&self.build, Some(&other.join("src/rust/libtor_rust.a")))
    }

    fn compile_with(build: &Path, archive: Option<&Path>) -> Result<Driver> {
        let library = build.join("src/test/libtor-testing.a");
        ensure!(
            library.exists(),
            "{} is missing: `make src/test/libtor-testing.a` makes it there",
            library.display()
        );
        let build = build.canonicalize()?;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let beside = std::env::current_exe()?;
        let folder = beside.parent().context("this program is nowhere")?;
        let name = archive.unwrap_or(&build);
        let program = folder.join(format!("handshake-driver-{}", digest(name)));
        let mut made_from = vec![library, sources.join("driver.c"), sources.join("driver.mk")];
        made_from.extend(archive.map(Path::to_path_buf));
        if is_newer(&program, &made_from) {
            return Ok(Driver {
                build,
                program,
                fault: None,
            });
        }
        // Another test may be compiling the same one, or running it.
        let making = program.with_extension(std::process::id().to_string());
        let variable = |name: &str, value: &Path| {
            let mut text = std::ffi::OsString::from(format!("{name}="));
            text.push(value);
            text
        };
        let output = Command::new("make")
            .current_dir(&build)
            .arg("-sf")
            .arg(sources.join("driver.mk"))
            .arg("driver")
            .arg(variable("DRIVER", &sources.join("driver.c")))
            .arg(variable("OUT", &making))
            .args(archive.map(|archive| {
                let path = archive.display();
                format!("FIRST=-Wl,--whole-archive,{path},--no-whole-archive")
            }))
            // A make that runs us has nothing to say here.
            .env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL")
            .output()
            .context("cannot start make")?;
        ensure!(
            output.status.success(),
            "the driver does not compile in {}:\n{}",
            build.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::rename(making, &program)?;
        Ok(Driver {
            build,
            program,
            fault: None,
        })
    }

    /// The same with a fault, which has to be noticed: one that the driver knows
    /// (`driver.c`), or one of rust/ffi/src/fault.rs in a build that has them.
    pub fn with_fault(&self, fault: &'static str) -> Driver {
        Driver {
            fault: Some(fault),
            ..self.clone()
        }
    }

    /// Starts it on these scripts.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(&self, scripts: Arc<Vec<Script>>) -> Result<Running> {
        self.feed(move |stdin| {
            let mut each = scripts.iter();
            each.try_for_each(|script| write!(stdin, "{script}"))
        })
    }

    /// Starts it on scripts that are written already.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_text(&self, scripts: String) -> Result<Running> {
        self.feed(move |stdin| stdin.write_all(scripts.as_bytes()))
    }

    fn feed(
        &self,
        feed: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Running> {
        let (stdin, mut running) = self.spawn()?;
        let feeder = thread::spawn(move || -> io::Result<()> {
            let mut stdin = BufWriter::with_capacity(1 << 16, stdin);
            stdin.write_all(preamble().as_bytes())?;
            feed(&mut stdin)?;
            stdin.flush()
        });
        running.feeder = Some(feeder);
        Ok(running)
    }

    fn spawn(&self) -> Result<(ChildStdin, Running)> {
        let fault = self.fault.iter().flat_map(|fault| ["--fault", fault]);
        let mut child = Command::new(&self.program)
            .args(fault.map(OsStr::new))
            .env("TORRS_FAULT", self.fault.unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let stdin = child.stdin.take().context("no stdin")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let running = Running {
            child,
            stdout: BufReader::with_capacity(1 << 16, stdout),
            feeder: None,
            line: Vec::new(),
        };
        Ok((stdin, running))
    }

    /// Starts it, to be given one script after another.
    ///
    /// # Errors
    /// If it does not start.
    pub fn converse(&self) -> Result<Conversation> {
        let (mut stdin, running) = self.spawn()?;
        stdin.write_all(preamble().as_bytes())?;
        Ok(Conversation { stdin, running })
    }
}

/// The keys that every input begins with.
pub fn preamble() -> String {
    [
        ("rsa", keys::our_identity_pem()),
        ("link", certs::OUR_LINK.clone()),
        ("id", certs::OUR_ID.clone()),
        ("auth", certs::OUR_AUTH.clone()),
    ]
    .map(|(name, bytes)| format!("key {name} {}\n", hex::encode(bytes)))
    .concat()
}

/// Whether a file is there and was made after these.
fn is_newer(file: &Path, than: &[PathBuf]) -> bool {
    let made = |path: &Path| std::fs::metadata(path).and_then(|there| there.modified());
    let Ok(when) = made(file) else {
        return false;
    };
    than.iter()
        .all(|other| made(other).is_ok_and(|other| other < when))
}

fn digest(path: &Path) -> String {
    let digest = openssl::sha::sha1(path.as_os_str().as_encoded_bytes());
    hex::encode(&digest[..4])
}

/// A driver that runs.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    feeder: Option<JoinHandle<io::Result<()>>>,
    line: Vec<u8>,
}

impl Running {
    /// Reads the trace of the next script.
    ///
    /// # Errors
    /// If the driver ended before.
    pub fn read(&mut self, trace: &mut Trace) -> Result<()> {
        trace.0.clear();
        loop {
            self.line.clear();
            self.stdout.read_until(b'\n', &mut self.line)?;
            if self.line.is_empty() {
                let status = self.child.wait()?;
                let last = trace.0.last().map_or("nothing", String::as_str);
                anyhow::bail!("the driver ended ({status}) after \"{last}\"");
            }
            // Bytes of a peer get into the log escaped.
            let line = String::from_utf8_lossy(&self.line);
            let line = line.trim_end_matches('\n');
            if line.starts_with("! ended") {
                let script = trace.0.first().map_or("", String::as_str);
                anyhow::bail!("the driver does not understand \"{script}\"");
            }
            if line == "." {
                return Ok(());
            }
            trace.0.push(line.into());
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it did not end well.
    pub fn finish(mut self) -> Result<()> {
        if let Some(feeder) = self.feeder.take() {
            let fed = feeder.join().ok().context("the feeder panicked")?;
            fed.context("the driver did not read its scripts")?;
        }
        let status = self.child.wait()?;
        ensure!(status.success(), "the driver ended with {status}");
        Ok(())
    }
}

/// A driver that is given one script after another.
pub struct Conversation {
    stdin: ChildStdin,
    running: Running,
}

impl Conversation {
    /// Plays a script.
    ///
    /// # Errors
    /// If the driver itself fails.
    pub fn play(&mut self, script: &Script) -> Result<Trace> {
        self.stdin.write_all(script.to_string().as_bytes())?;
        let mut trace = Trace::default();
        self.running.read(&mut trace)?;
        Ok(trace)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to do if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Trace {
    /// What the line says that begins so; the last one, if there are several.
    pub fn last(&self, begins: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find_map(|line| line.strip_prefix(begins))
    }

    /// What a field of the state is at the end.
    pub fn state(&self, field: &str) -> &str {
        self.last(&format!("= {field} ")).unwrap_or("0")
    }

    /// Whether some line holds this.
    pub fn says(&self, words: &str) -> bool {
        self.0.iter().any(|line| line.contains(words))
    }

    /// How many lines begin so.
    pub fn count(&self, begins: &str) -> usize {
        self.0
            .iter()
            .filter(|line| line.starts_with(begins))
            .count()
    }

    /// Whether the process that played it died.
    pub fn died(&self) -> bool {
        self.0.last().is_some_and(|line| line.starts_with('!'))
    }

    /// All bytes that were sent.
    pub fn sent(&self) -> Vec<u8> {
        let lines = self.0.iter().filter_map(|line| line.strip_prefix("sent "));
        lines
            .flat_map(|line| hex::decode(line).unwrap_or_default())
            .collect()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
