//! A child process whose standard output is read line by line with a deadline and whose standard error is kept in part.
//!
//! Dropping it kills the child by its id, waits for it and ends the two reading threads.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Error;

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
pub(super) enum Read {
    /// The next line, without its end.
    Line(String),
    /// Standard output was closed.
    End,
    /// The deadline passed.
    Late,
}

/// A running child. Its standard input stays open until the drop: the peers end when it closes.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Option<Receiver<String>>,
    log: Arc<Mutex<VecDeque<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
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
            lines: Some(rx),
            log,
            readers,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn line(&self, deadline: Instant) -> Read {
        let Some(lines) = &self.lines else {
            return Read::End;
        };
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Read::Line(line),
            Err(RecvTimeoutError::Disconnected) => Read::End,
            Err(RecvTimeoutError::Timeout) => Read::Late,
        }
    }

    /// Waits for the end of the child until the deadline; true when it ended with status 0.
    pub(super) fn ended_well(&mut self, deadline: Instant) -> bool {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return ExitStatus::success(&status),
                Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
                Ok(None) | Err(_) => return false,
            }
        }
    }

    pub(super) fn log(&self) -> String {
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
    pub(super) fn failure(mut self, what: &str) -> Error {
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
    fn a_talkative_child_does_not_block_the_drop() {
        drop(shell("while true; do echo x; done"));
    }
}
