//! The relay that does least: it copies bytes between its clients and one address. What a gateway needs more is its work.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use wubbo_tests::process::Error;
use wubbo_tests::wire::place;

use crate::server::{Server, on_core};

/// The argument that makes this program such a relay; the address follows.
pub(crate) const MODE: &str = "relay";

/// What is copied at one time, at most: a frame of 100 KB goes at once.
const BUFFER: usize = 256 * 1024;

/// One on this core, before `behind`.
pub(crate) fn start(core: u32, behind: &Server) -> Result<Server, Error> {
    let own = std::env::current_exe().map_err(failed)?;
    let mut command = on_core(core);
    command.arg(own).args([MODE, place(&behind.url)]);
    Server::start(command)
}

/// Relays until it is killed. Each direction of a connection has a thread; all share the one core.
pub(crate) fn serve(target: &str) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    println!("READY {}", listener.local_addr().map_err(failed)?.port());
    for client in listener.incoming() {
        let client = client.map_err(failed)?;
        let server = TcpStream::connect(target).map_err(failed)?;
        for (from, to) in [(&client, &server), (&server, &client)] {
            from.set_nodelay(true).map_err(failed)?;
            let (from, to) = (from.try_clone(), to.try_clone());
            let (from, to) = (from.map_err(failed)?, to.map_err(failed)?);
            // An end of its connection is the end of the thread.
            thread::spawn(move || copy(from, to));
        }
    }
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return to.shutdown(Shutdown::Write);
        }
        to.write_all(&buffer[..count])?;
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(&format!("the relay: {error}"))
}
