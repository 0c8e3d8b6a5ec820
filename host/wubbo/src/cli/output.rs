//! Writing to the terminal. A reader that went away (`wubbo call .. | head -1`) is not our failure.

use std::io::Write;

/// One line to standard output.
pub(crate) fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _reader_gone = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// One line to standard error.
pub(crate) fn complain(text: &str) {
    let _reader_gone = writeln!(std::io::stderr().lock(), "{text}");
}
