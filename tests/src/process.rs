//! A child process whose standard output is read line by line with a deadline and whose standard error is kept in part.
//!
//! Every process that a test starts is one of these. Dropping it kills the child by its id, waits for it and ends the two
//! reading threads. All of it blocks: a test with a runtime of its own calls it from `spawn_blocking`.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Enough for the last stack trace.
const LOG_BYTES_MAX: usize = 16 * 1024;

/// Lines that were read but not asked for yet; a faster child waits.
const LINES_MAX: usize = 256;

/// How often the end of a child or of a reading thread is looked for.
const POLL: Duration = Duration::from_millis(2);

/// The pipes of a dead child end at once unless a process of its own holds them.
const READERS_LIMIT: Duration = Duration::from_secs(2);

/// What a wait for a line gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// The next line, without its end.
    Line(String),
    /// Standard output was closed.
    End,
    /// The deadline passed.
    Late,
}

/// A running child. Its standard input stays open until the drop: the peers end when it closes.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Locked, so that a process may be shared: one thread waits for a line at a time.
    lines: Option<Mutex<Receiver<String>>>,
    log: Arc<Mutex<VecDeque<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// The program is not there or may not be run.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (tx, rx) = sync_channel(LINES_MAX);
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(thread::spawn(move || {
                send_lines(BufReader::new(stdout), &tx)
            }));
        }
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&log);
            readers.push(thread::spawn(move || keep_end(stderr, &log)));
        }
        let stdin = child.stdin.take();
        Ok(Self {
            child,
            stdin,
            lines: Some(Mutex::new(rx)),
            log,
            readers,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output, waited for until the deadline.
    pub fn line(&self, deadline: Instant) -> Read {
        let Some(lines) = &self.lines else {
            return Read::End;
        };
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Read::Line(line),
            Err(RecvTimeoutError::Disconnected) => Read::End,
            Err(RecvTimeoutError::Timeout) => Read::Late,
        }
    }

    /// Closes its standard input, which tells the peers, and whoever reads it, to end.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// What follows `prefix` in each of the next `count` lines that start with it; other lines are passed over.
    ///
    /// # Errors
    /// It ended before, or the deadline passed; the text holds the end of its standard error.
    pub fn ready(
        mut self,
        prefix: &str,
        count: usize,
        deadline: Instant,
    ) -> Result<(Self, Vec<String>), Error> {
        let mut found = Vec::new();
        while found.len() < count {
            match self.line(deadline) {
                Read::Line(line) => found.extend(line.strip_prefix(prefix).map(str::to_owned)),
                Read::End => {
                    let code = self.wait(deadline);
                    let how =
                        code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
                    return Err(self.failure(&format!("it ended with {how} before it was ready")));
                }
                Read::Late => return Err(self.failure("it was not ready in time")),
            }
        }
        Ok((self, found))
    }

    /// Waits for the end of the child until the deadline; true when it ended with status 0.
    pub fn ended_well(&mut self, deadline: Instant) -> bool {
        self.wait(deadline) == Some(0)
    }

    /// Waits for the end of the child until the deadline. Its exit code; `None` when it lives on or was ended by a signal.
    pub fn wait(&mut self, deadline: Instant) -> Option<i32> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.code(),
                Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Asks it to stop (SIGTERM) and waits for its exit code until the deadline.
    ///
    /// # Errors
    /// It lived on or was ended by a signal; the text holds the end of its standard error.
    pub fn terminate(mut self, deadline: Instant) -> Result<i32, Error> {
        let sent = kill_process(Pid::from_child(&self.child), Signal::TERM);
        if let Err(error) = sent {
            return Err(self.failure(&format!("it cannot be sent SIGTERM: {error}")));
        }
        match self.wait(deadline) {
            Some(code) => Ok(code),
            None => Err(self.failure("it gave no exit code after SIGTERM")),
        }
    }

    /// The end of what it wrote to standard error, at most 16 KiB.
    pub fn log(&self) -> String {
        let bytes: Vec<u8> = self
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// An error that says what happened and then what the child complained about.
    pub fn failure(mut self, what: &str) -> Error {
        self.stop();
        let log = self.log();
        Error::new(&format!("{what}; its standard error ends with:\n{log}"))
    }

    /// A child that is gone already gives errors here, which change nothing.
    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A process that the child started may hold its pipes: it sees the end of its input, and is not waited for
        // longer than a moment.
        self.stdin = None;
        // Without a receiver the reading thread cannot block on a full queue.
        self.lines = None;
        let deadline = Instant::now() + READERS_LIMIT;
        for reader in self.readers.drain(..) {
            while !reader.is_finished() && Instant::now() < deadline {
                thread::sleep(POLL);
            }
            if reader.is_finished() {
                let _ = reader.join();
            }
        }
    }
}

/// The memory that a process holds now, in KiB.
///
/// # Errors
/// There is no such process, or the system does not say.
pub fn rss_kib(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("no VmRSS of {pid}")))
}

/// The CPU time that a process has used so far, its threads that ended included, to the hundredth of a second.
///
/// # Errors
/// There is no such process, or the system does not say.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything; user and system time are the 14th and 15th field.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut ticks = fields.split_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    let (user, system) = (next(), next());
    let ticks = user.zip(system).map(|(user, system)| user + system);
    let ticks = ticks.ok_or_else(|| io::Error::other(format!("no CPU time of {pid}")))?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Why a process could not be built, started or asked.
#[derive(Debug, Clone)]
pub struct Error {
    message: String,
}

impl Error {
    /// An error of this text.
    pub fn new(message: &str) -> Self {
        Self {
            message: message.to_owned(),
        }
    }

    /// The same error said about `what`.
    #[must_use]
    pub fn of(self, what: &str) -> Self {
        Self {
            message: format!("{what}: {}", self.message),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

fn send_lines(output: impl BufRead, tx: &SyncSender<String>) {
    for line in output.lines() {
        let Ok(line) = line else { return };
        if tx.send(line).is_err() {
            return;
        }
    }
}

fn keep_end(mut errors: impl io::Read, log: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count) = errors.read(&mut buffer) {
        if count == 0 {
            return;
        }
        let mut kept = log.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(buffer.iter().take(count));
        let surplus = kept.len().saturating_sub(LOG_BYTES_MAX);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn gives_lines_then_the_end_then_the_status() {
        let mut process = shell("echo one; echo two");
        assert_eq!(process.line(soon()), Read::Line("one".to_owned()));
        assert_eq!(process.line(soon()), Read::Line("two".to_owned()));
        assert_eq!(process.line(soon()), Read::End);
        assert!(process.ended_well(soon()));
        assert!(!shell("exit 3").ended_well(soon()));
    }

    #[test]
    fn a_silent_child_is_late_and_dies_with_its_owner() {
        let process = shell("exec sleep 600");
        let pid = process.pid();
        assert_eq!(process.line(Instant::now()), Read::Late);
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
        drop(process);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn standard_input_stays_open_while_the_owner_lives() {
        let process = shell("cat; echo closed");
        assert_eq!(
            process.line(Instant::now() + Duration::from_millis(50)),
            Read::Late
        );
    }

    #[test]
    fn closing_its_input_tells_a_child_to_end() {
        let mut process = shell("cat; echo closed");
        process.close_input();
        assert_eq!(process.line(soon()), Read::Line("closed".to_owned()));
        assert!(process.ended_well(soon()));
    }

    #[test]
    fn a_failure_tells_the_end_of_standard_error() {
        let process =
            shell("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1");
        assert_eq!(process.line(soon()), Read::End);
        let text = process.failure("it failed").to_string();
        assert!(text.starts_with("it failed"), "{text}");
        assert!(text.ends_with("line 2999\n"), "{text}");
        assert!(text.len() < LOG_BYTES_MAX + 100 && !text.contains("line 1\n"));
    }

    #[test]
    fn readiness_is_so_many_lines_with_the_prefix() {
        let process = shell("echo noise; echo READY a; echo READY b; exec sleep 600");
        let (process, lines) = process.ready("READY ", 2, soon()).unwrap();
        assert_eq!(lines, ["a", "b"]);
        assert!(process.pid() > 0);
        let error = shell("echo READY a; echo why >&2; exit 3")
            .ready("READY ", 2, soon())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exit code 3") && error.ends_with("why\n"),
            "{error}"
        );
    }

    #[test]
    fn a_child_that_is_told_to_stop_gives_its_exit_code() {
        let script = "trap 'exit 7' TERM; echo READY; while true; do sleep 0.01; done";
        let (process, _) = shell(script).ready("READY", 1, soon()).unwrap();
        assert_eq!(process.terminate(soon()).unwrap(), 7);
        let (deaf, _) = shell("trap '' TERM; echo READY; while true; do sleep 0.01; done")
            .ready("READY", 1, soon())
            .unwrap();
        let error = deaf.terminate(Instant::now()).unwrap_err().to_string();
        assert!(error.contains("no exit code after SIGTERM"), "{error}");
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let process = shell("while true; do :; done");
        while cpu_time(process.pid()).unwrap() < Duration::from_millis(50) {
            thread::sleep(POLL);
        }
        assert!(cpu_time(u32::MAX).is_err());
    }

    #[test]
    fn a_talkative_child_does_not_block_the_drop() {
        drop(shell("while true; do echo x; done"));
    }
}
