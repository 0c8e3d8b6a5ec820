//! What the command prints, without a process.

use super::*;

/// Frame vectors of spec/40 section 3.12.
const HEARTBEAT: &str = "dabbe2000000000000000001000000014e";
const ONE_WAY: &str = "dabb820000000000000027660000006205322e302e32047061746803322e36064d6574686f64124c6a6176612f6c616e672f537472696e673b01614809696e746572666163650753657276696365047061746804706174680774696d656f757404313030300776657273696f6e03322e365a";
const NULL_OF_GO: &str = "dabb0214000000000000000100000010954805647562626f05322e302e325a4e";
const NULL_OF_JAVA: &str = "dabb021400000000000000010000000f954805647562626f05322e302e325a";

fn one(hex: &str) -> One {
    let bytes = input::from_hex(hex).expect("hex");
    One::decode(&bytes).unwrap_or_else(|error| panic!("{hex}: {error:#}"))
}

fn int(number: i32) -> Json {
    json!({"type": "int", "value": number})
}

fn text(text: &str) -> Json {
    json!({"type": "string", "value": text})
}

fn failure(hex: &str) -> String {
    let bytes = input::from_hex(hex).expect("hex");
    format!(
        "{:#}",
        One::decode(&bytes)
            .err()
            .unwrap_or_else(|| panic!("{hex} was decoded"))
    )
}

#[test]
fn values_keep_their_types() {
    for (hex, expected) in [
        ("4e", json!(null)),
        ("54", json!({"type": "boolean", "value": true})),
        ("0568656c6c6f", json!({"type": "string", "value": "hello"})),
        ("91", int(1)),
        ("e1", json!({"type": "long", "value": 1})),
        ("5f00002fda", json!({"type": "double", "value": 12.25})),
        (
            "447ff8000000000000",
            json!({"type": "double", "value": "NaN"}),
        ),
        (
            "4b0181bc40",
            json!({"type": "date", "value": "2018-01-24T05:52:00.000Z"}),
        ),
        ("23010203", json!({"type": "binary", "value": "AQID"})),
        ("7a9192", json!({"type": "list", "items": [int(1), int(2)]})),
        (
            "72045b696e749192",
            json!({"type": "[int", "items": [int(1), int(2)]}),
        ),
        (
            "480161910162 51905a",
            json!({"type": "map", "entries": [[text("a"), int(1)], [text("b"), {"type": "ref", "value": 0}]]}),
        ),
        (
            "4303612e42910178 6091",
            json!({"type": "object", "class": "a.B", "fields": {"x": int(1)}}),
        ),
    ] {
        let decoded = one(hex);
        assert_eq!(decoded.json, expected, "{hex}");
        assert_eq!(
            input::to_hex(&decoded.reencoded),
            hex.replace(' ', ""),
            "{hex}"
        );
    }
}

#[test]
fn frames_say_what_they_are() {
    let frame = one(ONE_WAY).json;
    assert_eq!(frame["id"], 10086);
    let request = &frame["request"];
    for (key, expected) in [
        ("two_way", json!(false)),
        ("service", json!("Service:2.6")),
        ("method", json!("Method")),
        ("arguments", json!([text("a")])),
        (
            "attachments",
            json!({"interface": text("Service"), "path": text("path"), "timeout": text("1000"), "version": text("2.6")}),
        ),
    ] {
        assert_eq!(request[key], expected, "{key}");
    }
    assert_eq!(
        one(HEARTBEAT).json["event"],
        json!({"answer": false, "two_way": true, "data": null})
    );
    let failed = one("dabb024600000000000000010000000504626f6f6d").json;
    assert_eq!(
        failed["response"],
        json!({"status": 70, "name": "SERVICE_ERROR", "text": "boom"})
    );
}

#[test]
fn a_frame_is_written_again_as_we_write_it() {
    assert_eq!(input::to_hex(&one(NULL_OF_GO).reencoded), NULL_OF_JAVA);
    assert_eq!(input::to_hex(&one(ONE_WAY).reencoded), ONE_WAY);
}

#[test]
fn ranges_are_shown_with_their_bytes() {
    let bytes = input::from_hex(HEARTBEAT).expect("hex");
    let lines: Vec<String> = annotated(&bytes)
        .expect("a frame")
        .iter()
        .map(|span| shown(span, &bytes))
        .collect();
    assert_eq!(lines.len(), 6, "{lines:#?}");
    for (line, start) in lines.iter().zip([
        "     0..2      dabb  ",
        "     2..3      e2  ",
        "     3..4      00  ",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(
        lines
            .last()
            .is_some_and(|line| line.ends_with("event data: null")),
        "{lines:#?}"
    );
}

#[test]
fn errors_name_offset_and_cause() {
    for (hex, parts) in [
        ("dabbe2", &["starts with 16 bytes", "ends at byte 3"][..]),
        ("dabbe20000000000000000010000", &["16 bytes", "byte 14"]),
        (
            "dabbe2000000000000000001000000024e",
            &["body of 2 bytes", "ends at byte 17"],
        ),
        (
            "dabbc200000000000000000100000001ff",
            &["offsets count from its start at byte 16", "at byte 1"],
        ),
        (
            "dabbc3000000000000000001000000014e",
            &["byte 2", "serialization 3"],
        ),
        (
            "dabce2000000000000000001000000014e",
            &["not dabc", "at byte 1"],
        ),
        ("40", &["0x40", "at byte 0"]),
        ("9191", &["1 bytes behind the value, at byte 1"]),
    ] {
        let text = failure(hex);
        for part in parts {
            assert!(text.contains(part), "{hex}: {text}");
        }
    }
}

#[test]
fn lines_are_answered_one_by_one() {
    let decode = Decode {
        hex: "-".into(),
        annotate: false,
        reencode: true,
        lines: true,
    };
    assert_eq!(
        decode.line(" 91 "),
        json!({"value": int(1), "reencoded": "91"})
    );
    for (line, part) in [
        ("", "nothing to decode"),
        ("9", "odd"),
        ("xx", "no hexadecimal number"),
        ("40", "at byte 0"),
        (
            &format!("{HEARTBEAT}{HEARTBEAT}"),
            "17 bytes behind the frame, at byte 17",
        ),
    ] {
        let answer = decode.line(line);
        assert!(
            answer["error"]
                .as_str()
                .is_some_and(|error| error.contains(part)),
            "{line}: {answer}"
        );
    }
}

#[test]
fn files_hold_hex_or_raw_bytes() {
    let directory = std::env::temp_dir().join(format!("wubbo-decode-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let bytes = input::from_hex(HEARTBEAT).expect("hex");
    for (name, content) in [
        ("text.hex", format!("{HEARTBEAT}\n").into_bytes()),
        ("raw.bin", bytes.clone()),
    ] {
        let file = directory.join(name);
        std::fs::write(&file, content).expect("a file");
        assert_eq!(
            input::bytes(&file.to_string_lossy()).expect("readable"),
            bytes,
            "{name}"
        );
    }
    std::fs::remove_dir_all(&directory).expect("removed");
    let error = input::bytes("no such file").expect_err("no file");
    assert!(
        format!("{error:#}").contains("no file of that name"),
        "{error:#}"
    );
    assert_eq!(input::bytes(HEARTBEAT).expect("hex"), bytes);
}
