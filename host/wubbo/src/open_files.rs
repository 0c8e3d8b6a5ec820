//! How many files, connections among them, the process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the process's limit of open files to what the system allows it, as a JVM and a Go program do at their start: the usual limit
/// of 1024 is too little for a provider. A program calls it in front of everything else; the limit as it is then, `None` for none.
pub fn raise_open_files() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let before = limit.current;
        limit.current = limit.maximum;
        // Where it may not be raised, it stays what it was.
        if setrlimit(Resource::Nofile, limit).is_err() {
            limit.current = before;
        }
    }
    limit.current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_stays_so() {
        let limit = raise_open_files();
        assert_eq!(limit, getrlimit(Resource::Nofile).current);
        assert_eq!(raise_open_files(), limit);
    }
}
