//! Where the lines of `filter-accesslog` go: the application's log, or a file that rolls daily.
//!
//! The policy decides and formats; writing is a mechanic of the host. Lines wait in a bounded queue, and a full queue drops them with
//! one warning, since a call never waits for a disk.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use wubbo_core::Tasks;
use wubbo_plugin::LogSink;

/// Lines that may wait for the disk, as in Dubbo.
const QUEUE_LINES: usize = 5000;
/// Files that may be written at once; one more service's file is refused with a warning.
const FILES_MAX: usize = 256;

/// An access-log line on its way to its file.
#[derive(Debug)]
struct Line {
    file: PathBuf,
    at: jiff::Timestamp,
    text: String,
}

/// A [`LogSink`] that writes access-log lines to files and everything else to the process's log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    lines: mpsc::Sender<Line>,
    dropped: AtomicU64,
    _writer: Tasks,
}

impl AccessLog {
    /// Starts the writer.
    #[must_use]
    pub(crate) fn start() -> Self {
        let (lines, mut queue) = mpsc::channel(QUEUE_LINES);
        let writer = Tasks::new("access log");
        writer.spawn(async move {
            let mut files = Some(Files::default());
            let mut batch = Vec::with_capacity(64);
            while queue.recv_many(&mut batch, 64).await > 0 {
                let (Some(mut open), work) = (files.take(), std::mem::take(&mut batch)) else {
                    return;
                };
                let written = tokio::task::spawn_blocking(move || {
                    open.write(work);
                    open
                });
                files = written.await.ok();
            }
        });
        Self {
            lines,
            dropped: AtomicU64::new(0),
            _writer: writer,
        }
    }
}

impl LogSink for AccessLog {
    fn log(&self, plugin: &str, level: tracing::Level, target: &str, line: &str) {
        if !target.is_empty() && !is_default(target) {
            if self
                .lines
                .try_send(Line {
                    file: target.into(),
                    at: jiff::Timestamp::now(),
                    text: line.to_owned(),
                })
                .is_err()
                && self.dropped.fetch_add(1, Ordering::Relaxed) == 0
            {
                tracing::warn!(
                    plugin,
                    file = target,
                    "access log lines are dropped: the disk does not keep up"
                );
            }
            return;
        }
        match level {
            tracing::Level::ERROR => tracing::error!(plugin, "{line}"),
            tracing::Level::WARN => tracing::warn!(plugin, "{line}"),
            tracing::Level::INFO => tracing::info!(plugin, "{line}"),
            _ => tracing::debug!(plugin, "{line}"),
        }
    }
}

/// `accesslog=true` and `accesslog=default` mean the application's log (spec/20 section 7.3).
fn is_default(target: &str) -> bool {
    target.eq_ignore_ascii_case("true") || target.eq_ignore_ascii_case("default")
}

/// The open files, each with the day of its content.
#[derive(Debug, Default)]
struct Files(BTreeMap<PathBuf, (File, jiff::civil::Date)>);

impl Files {
    fn write(&mut self, lines: Vec<Line>) {
        let zone = jiff::tz::TimeZone::system();
        for line in lines {
            let at = line.at.to_zoned(zone.clone());
            // Dubbo's form of an access-log line starts with the local time.
            let text = format!("[{}] {}\n", at.strftime("%Y-%m-%d %H:%M:%S"), line.text);
            let written = self
                .file(&line.file, at.date())
                .and_then(|file| file.write_all(text.as_bytes()));
            if let Err(error) = written {
                tracing::warn!(file = %line.file.display(), %error, "an access log line could not be written");
                self.0.remove(&line.file);
            }
        }
    }

    fn file(&mut self, path: &Path, today: jiff::civil::Date) -> std::io::Result<&mut File> {
        let rolled = match self.0.get(path) {
            Some((_, day)) if *day == today => false,
            Some(_) => true,
            None if self.0.len() >= FILES_MAX => {
                return Err(std::io::Error::other("too many access log files"));
            }
            None => path.exists(),
        };
        if rolled {
            self.0.remove(path);
            roll(path, today)?;
        }
        match self.0.entry(path.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(&mut entry.into_mut().0),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let mut options = OpenOptions::new();
                options.create(true).append(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                Ok(&mut entry.insert((options.open(path)?, today)).0)
            }
        }
    }
}

/// Renames a file whose content is of an earlier day to `<name>.<yyyy-MM-dd of the content>`.
fn roll(path: &Path, today: jiff::civil::Date) -> std::io::Result<()> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    let modified =
        jiff::Timestamp::try_from(metadata.modified()?).map_err(std::io::Error::other)?;
    let day = modified.to_zoned(jiff::tz::TimeZone::system()).date();
    if day == today {
        return Ok(());
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{day}"));
    std::fs::rename(path, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_earlier_day_is_renamed_after_its_content() {
        let folder = std::env::temp_dir().join(format!("wubbo-access-log-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let path = folder.join("access.log");
        std::fs::write(&path, "old\n").expect("a file");
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_590_926_400);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(old))
            .expect("an old file");
        let day = jiff::Timestamp::try_from(old)
            .expect("a time")
            .to_zoned(jiff::tz::TimeZone::system())
            .date();

        let mut files = Files::default();
        let line = |text: &str| Line {
            file: path.clone(),
            at: jiff::Timestamp::now(),
            text: text.into(),
        };
        files.write(vec![line("one"), line("two")]);

        let written = std::fs::read_to_string(&path).expect("the new file");
        let lines: Vec<&str> = written.lines().collect();
        assert!(
            matches!(lines.as_slice(), [one, two] if one.ends_with("] one") && two.ends_with("] two")),
            "{written}"
        );
        assert!(
            written.starts_with(&format!("[{}", jiff::Zoned::now().date())),
            "{written}"
        );
        let rolled = folder.join(format!("access.log.{day}"));
        assert_eq!(
            std::fs::read_to_string(rolled).expect("the rolled file"),
            "old\n"
        );
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
