//! One running tor: start, what it consumes, its logs, its end, and a life after
//! a sudden end. Only processes that were started here are ever signalled, each
//! through the handle that its start returned.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use rustix::process::{kill_process, Pid, Signal};

use crate::control::Control;
use crate::spec::{NodeSpec, Role};

/// What a node has consumed so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// User and system time of the process, all threads, in the kernel's ticks
    /// of usually 10 ms.
    pub cpu: Duration,
    /// Resident memory now, in bytes.
    pub rss: u64,
    /// The part of it that is no file's: heap and stacks, in bytes.
    pub anonymous: u64,
    /// The most resident memory it ever had, in bytes.
    pub peak_rss: u64,
}

/// How a node ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The node's name.
    pub node: String,
    /// Its exit status.
    pub status: ExitStatus,
    /// Why it ended.
    pub cause: Cause,
}

/// Why a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It ended before it was told to.
    Itself,
    /// It was asked to.
    Asked,
    /// It was asked to, and then waited for a worker thread that had missed the
    /// call to end, until it was killed. C Tor's thread pool
    /// (`src/lib/evloop/workqueue.c`) does not look again whether it is to end
    /// between a piece of work and waiting for the next one, so a tor that is
    /// busy with handshakes when it is asked can hang, whatever it is built of.
    MissedWakeup,
}

impl Ended {
    /// Whether the node left when it was asked to, with success, or had to be
    /// killed for a reason that is C Tor's own.
    pub fn orderly(&self) -> bool {
        match self.cause {
            Cause::Itself => false,
            Cause::Asked => self.status.success(),
            Cause::MissedWakeup => true,
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = match self.cause {
            Cause::Itself => "ended by itself",
            Cause::Asked => "ended",
            Cause::MissedWakeup => "waited for a worker thread and was ended",
        };
        match self.status.signal() {
            Some(signal) => write!(f, "{} {how} by signal {signal}", self.node),
            None => write!(f, "{} {how}, {}", self.node, self.status),
        }
    }
}

/// A node's process.
pub(crate) struct Node {
    pub(crate) spec: NodeSpec,
    pub(crate) control_socket: PathBuf,
    no_defaults: PathBuf,
    process: Mutex<Process>,
}

struct Process {
    child: Child,
    /// Whether [`Node::kill`] ended it: no sign of trouble then.
    killed: bool,
}

impl Process {
    fn spawn(spec: &NodeSpec, no_defaults: &Path) -> Result<Process> {
        // What an earlier process of this node printed stays.
        let output = File::options()
            .create(true)
            .append(true)
            .open(spec.folder.join(OUTPUT))?;
        let child = Command::new(&spec.binary.tor)
            .arg("--defaults-torrc")
            .arg(no_defaults)
            .arg("-f")
            .arg(spec.folder.join("torrc"))
            .envs(spec.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {}", spec.binary.tor.display()))?;
        Ok(Process {
            child,
            killed: false,
        })
    }
}

impl Node {
    /// Starts tor on the torrc that stands in the node's folder.
    pub(crate) fn start(
        spec: NodeSpec,
        control_socket: PathBuf,
        no_defaults: &Path,
    ) -> Result<Node> {
        Ok(Node {
            process: Mutex::new(Process::spawn(&spec, no_defaults)?),
            no_defaults: no_defaults.to_owned(),
            spec,
            control_socket,
        })
    }

    /// The id of its present process.
    pub(crate) fn pid(&self) -> u32 {
        lock(&self.process).child.id()
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(crate) fn is(&self, role: Role) -> bool {
        self.spec.role == role
    }

    pub(crate) fn control(&self) -> Result<Control> {
        Control::connect(&self.control_socket)
            .with_context(|| format!("cannot reach the control port of {}", self.name()))
    }

    /// The exit status, once the process has ended without having been killed.
    pub(crate) fn ended(&self) -> Result<Option<ExitStatus>> {
        let mut process = lock(&self.process);
        match process.killed {
            true => Ok(None),
            false => Ok(process.child.try_wait()?),
        }
    }

    /// Ends the process as a power failure would.
    pub(crate) fn kill(&self) -> Result<()> {
        let mut process = lock(&self.process);
        ensure!(
            process.child.try_wait()?.is_none(),
            "{} has ended before it could be killed",
            self.name()
        );
        process.child.kill()?;
        process.child.wait()?;
        process.killed = true;
        Ok(())
    }

    /// Starts the node again after [`Node::kill`], with its keys, data and ports.
    pub(crate) fn restart(&self) -> Result<()> {
        let mut process = lock(&self.process);
        ensure!(
            process.killed,
            "{} runs: kill it before it is started again",
            self.name()
        );
        *process = Process::spawn(&self.spec, &self.no_defaults)?;
        Ok(())
    }

    /// Sends a signal that the process survives.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let process = lock(&self.process);
        ensure!(!process.killed, "{} does not run", self.name());
        // The child has not been waited for, so its id is still its own.
        kill_process(Pid::from_child(&process.child), signal)?;
        Ok(())
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        let gone = || format!("cannot read what {} consumes: it has ended", self.name());
        let process = procfs::process::Process::new(self.pid() as i32).with_context(gone)?;
        let stat = process.stat().with_context(gone)?;
        let status = process.status().with_context(gone)?;
        let ticks = stat.utime + stat.stime;
        Ok(Usage {
            cpu: Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64),
            rss: status.vmrss.unwrap_or(0) * 1024,
            anonymous: status.rssanon.unwrap_or(0) * 1024,
            peak_rss: status.vmhwm.unwrap_or(0) * 1024,
        })
    }

    /// All lines that the node has logged or printed so far.
    pub(crate) fn log_lines(&self) -> Vec<String> {
        [NOTICE_LOG, OUTPUT]
            .iter()
            .filter_map(|name| fs::read(self.spec.folder.join(name)).ok())
            .flat_map(|bytes| {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                text.lines().map(String::from).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Asks the process to leave; harmless when it has left.
    pub(crate) fn ask_to_end(&self) -> Result<Option<ExitStatus>> {
        let child = &mut lock(&self.process).child;
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if blocks_sigterm(child.id()) {
            // The answer may not come any more.
            let _ = self.control()?.ask("SIGNAL HALT");
            return Ok(None);
        }
        // The child has not been waited for, so its id is still its own.
        let pid = Pid::from_child(child);
        kill_process(pid, Signal::TERM)?;
        // One that was stopped hears nothing until it goes on.
        kill_process(pid, Signal::CONT)?;
        Ok(None)
    }

    /// Waits for the end until `deadline`, then enforces it: first by SIGABRT, at
    /// which tor writes where it hangs into its output.
    pub(crate) fn wait_for_end(&self, deadline: Instant) -> Result<(ExitStatus, Cause)> {
        let child = &mut lock(&self.process).child;
        if let Some(status) = wait_until(child, deadline)? {
            return Ok((status, Cause::Asked));
        }
        if hangs(child.id()) {
            child.kill()?;
            return Ok((child.wait()?, Cause::MissedWakeup));
        }
        kill_process(Pid::from_child(child), Signal::ABORT)?;
        if let Some(status) = wait_until(child, Instant::now() + LAST_WORDS)? {
            return Ok((status, Cause::Asked));
        }
        child.kill()?;
        Ok((child.wait()?, Cause::Asked))
    }
}

/// Whether SIGTERM never arrives. Tor's sandbox refuses the call by which the C
/// library learns which signals a thread blocks before it starts another; it then
/// "restores" what happened to be on the stack. So in the sandbox the main thread of
/// any tor, whatever it is built of, blocks signals at random.
fn blocks_sigterm(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigBlk:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 << (Signal::TERM.as_raw() - 1) != 0)
}

/// Looks several times: a thread that naps is awake in between.
fn hangs(pid: u32) -> bool {
    (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(3));
        all_threads_wait_for_another(pid)
    })
}

/// Whether a process has several threads and each of them sleeps until another
/// one wakes it: nothing will ever happen there. The thread pool's workers but the
/// main thread may also nap: the one that ends last asks every 10 ms whether
/// all others have.
fn all_threads_wait_for_another(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    let waits: Vec<bool> = tasks
        .flatten()
        .map(|task| {
            let place = fs::read_to_string(task.path().join("wchan")).unwrap_or_default();
            let is_main = task.file_name().to_str() == Some(&pid.to_string());
            place.contains("futex") || (!is_main && place.contains("nanosleep"))
        })
        .collect();
    waits.len() > 1 && !waits.contains(&false)
}

fn wait_until(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>> {
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= deadline {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A thread that panicked while it held the handle leaves it whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// How long a crash report may take.
const LAST_WORDS: Duration = Duration::from_secs(3);
const NOTICE_LOG: &str = "notice.log";
/// What tor writes before its log is open, and what a crash or panic prints.
const OUTPUT: &str = "output.log";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "run by a test below, in a process of its own"]
    fn wait_for_nobody() {
        loop {
            std::thread::park();
        }
    }

    #[test]
    #[ignore = "run by a test below, in a process of its own"]
    fn ask_again_and_again() {
        loop {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_process_in_which_all_threads_wait_for_another_is_told_from_one_that_works() {
        // The test program's main thread waits for the thread of its one test.
        for test in ["wait_for_nobody", "ask_again_and_again"] {
            let mut hanging = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &format!("process::tests::{test}"), "--ignored"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let deadline = Instant::now() + Duration::from_secs(20);
            let mut recognised = false;
            while !recognised && Instant::now() < deadline {
                recognised = hangs(hanging.id());
            }
            hanging.kill().unwrap();
            hanging.wait().unwrap();
            assert!(recognised, "{test}");
        }
        // This thread runs.
        assert!(!hangs(std::process::id()));
    }
}
