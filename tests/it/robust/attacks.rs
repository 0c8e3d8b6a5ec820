//! The attacks. Each returns what must stay open while the victim is looked at.

use super::*;

/// A call whose bytes come one by one, twice.
pub(super) fn byte_at_a_time(victim: &Victim<'_>) {
    let mut stream = victim.connect();
    for id in 0..2 {
        for byte in echo(&Value::from("slowly")).frame(id) {
            stream.write_all(&[byte]).unwrap();
        }
        let answer = read_response(&mut stream).unwrap();
        assert_eq!((answer.id, answer.status), (id, 20));
    }
}

/// Connections that say nothing, and such that stop within the header.
pub(super) fn half_open(victim: &Victim<'_>) -> Vec<TcpStream> {
    let header = echo(&Value::Null).frame(1);
    let connections = (0..1000).map(|number| {
        let mut stream = victim.connect();
        stream.write_all(&header[..number % 16]).unwrap();
        stream
    });
    connections.collect()
}

/// Frames that claim 8 MB, of which a part comes and then nothing.
pub(super) fn stalled_frames(victim: &Victim<'_>) -> Vec<TcpStream> {
    let frame = echo(&Value::Binary(vec![7; 8_000_000].into())).frame(1);
    let connections = (0..20).map(|_| {
        let mut stream = victim.connect();
        stream.write_all(&frame[..1_000_000]).unwrap();
        stream
    });
    connections.collect()
}

/// The argument is refused with a status and one text; who comes next on the connection is served.
fn refused(stream: &mut TcpStream, what: &str, argument: Vec<u8>) {
    let answer = ask(stream, &raw_echo(argument), 7).unwrap();
    let mut decoder = Decoder::new(&answer.body);
    let text = decoder.read_str().unwrap().into_owned();
    assert!(answer.status == 40 && decoder.is_empty(), "{what}: {text}");
    let after = ask(stream, &echo(&Value::Int(1)), 8).unwrap();
    assert_eq!((after.id, after.status), (8, 20), "{what}");
}

/// Counts that no memory holds, in every form that has one.
pub(super) fn huge_counts(victim: &Victim<'_>) {
    const INT_MAX: &[u8] = b"\x49\x7f\xff\xff\xff";
    // Tag and, where it wants one, a type; then the count.
    let cases: [(&str, &[u8]); 5] = [
        ("list without a type", b"X"),
        ("list with a type", b"V\x04list"),
        ("array of objects", b"V\x07[object"),
        ("array of long", b"V\x05[long"),
        ("class definition", b"C\x01A"),
    ];
    let mut stream = victim.connect();
    for _ in 0..20 {
        for (what, start) in cases {
            refused(&mut stream, what, [start, INT_MAX].concat());
        }
        refused(&mut stream, "string", b"S\xff\xffshort".to_vec());
        refused(&mut stream, "binary", b"B\xff\xffshort".to_vec());
        refused(&mut stream, "reference", [b"Q", INT_MAX].concat());
        refused(&mut stream, "object", [b"O", INT_MAX].concat());
    }
}

/// Values in values, 100,000 deep.
pub(super) fn deep(victim: &Victim<'_>) {
    const LEVELS: usize = 100_000;
    let cases: [(&str, &[u8], &[u8]); 5] = [
        ("list of one", b"\x79", b""),
        ("open list", b"\x57", b"Z"),
        ("map as value", b"H\x91", b"Z"),
        ("map as key", b"H", b"\x91Z"),
        ("typed map", b"M\x01t\x91", b"Z"),
    ];
    let mut stream = victim.connect();
    for (what, open, close) in cases {
        let closed = [open.repeat(LEVELS), vec![0x91], close.repeat(LEVELS)].concat();
        refused(&mut stream, what, closed);
        refused(&mut stream, what, open.repeat(LEVELS));
    }
}

/// A list that contains itself is a value like any other; sent 10,000 times it leaves nothing behind.
pub(super) fn lists_in_themselves(victim: &Victim<'_>) {
    // As many at once as every host has in flight for one connection.
    const BATCHES: i64 = 100;
    const BATCH: i64 = 100;
    let mut stream = victim.connect();
    // Of two: itself, and a map whose value is the list around it.
    let cyclic = raw_echo(b"\x7a\x51\x90H\x01k\x51\x90Z".to_vec());
    for _ in 0..BATCHES {
        let frames: Vec<u8> = (0..BATCH).flat_map(|id| cyclic.frame(id)).collect();
        stream.write_all(&frames).unwrap();
        for _ in 0..BATCH {
            let answer = read_response(&mut stream).unwrap();
            assert_eq!(answer.status, 20);
            assert!(answer.body.windows(3).any(|bytes| bytes == b"\x7a\x51\x90"));
        }
    }
}

/// Large answers whose consumers go away when they have seen the start: with bytes unread, a close is a reset.
pub(super) fn reset(victim: &Victim<'_>) {
    let users = Request {
        method: "listUsers",
        descriptor: "I",
        arguments: values(&[Value::Int(10_000)]),
        ..Request::default()
    };
    for _ in 0..50 {
        let mut stream = victim.connect();
        stream.write_all(&users.frame(1)).unwrap();
        let mut start = [0; 1000];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(start[..4], [0xda, 0xbb, 0x02, 20]);
    }
}

/// Calls with large answers of which none is read, until the victim takes no more.
pub(super) fn never_reads(victim: &Victim<'_>) -> TcpStream {
    /// Far more than the system and the victim may hold.
    const BYTES_MAX: usize = 256 * 1024 * 1024;
    let mut stream = victim.connect();
    stream
        .set_write_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let frame = echo(&Value::Binary(vec![7; 64 * 1024].into())).frame(1);
    let mut sent = 0;
    while sent < BYTES_MAX {
        match stream.write(&frame[sent % frame.len()..]) {
            Ok(bytes) => sent += bytes,
            Err(error) => {
                let full = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
                assert!(full.contains(&error.kind()), "{error}");
                break;
            }
        }
    }
    assert!(sent < BYTES_MAX, "it took {sent} bytes");
    stream
}
