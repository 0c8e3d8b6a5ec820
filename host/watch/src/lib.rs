//! Settled changes of a directory, a shallow tree or a single file.
//!
//! A consumer never sees a raw event.
//! It asks [`Watch::next`] and gets the whole settled state ([`Change`]), and compares it with what it had.
//! Rename into place, slow copy, truncate and rewrite, a swapped symlink farm, a replaced or vanished
//! directory and a host without working file events all end in the same answer.
//!
//! What it deliberately does not know: what the files mean, their bytes (a consumer reads them with
//! [`Entry::read`], which refuses a file that changed meanwhile), and any other crate of wubbo.
//! It is the only crate that names `notify`.

mod error;
mod exposed;
mod options;
mod scan;
mod settle;
mod snapshot;
mod source;
mod watch;

pub use error::{Error, ErrorKind};
pub use exposed::exposed_directory;
pub use options::{Events, Options};
pub use snapshot::{Change, Entry, Skipped, Snapshot};
pub use watch::Watch;
