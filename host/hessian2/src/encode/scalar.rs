//! Null, bool, numbers, dates, strings and binaries in their shortest forms.

use super::Encoder;

/// UTF-16 units of a string chunk, and bytes of a binary chunk, that is not the last one. hessian-lite's string chunk.
const CHUNK: usize = 0x8000;

impl Encoder<'_> {
    /// Writes null.
    pub fn write_null(&mut self) {
        self.put(b"N");
    }

    /// Writes a bool.
    pub fn write_bool(&mut self, truth: bool) {
        self.put(if truth { b"T" } else { b"F" });
    }

    /// Writes an int, in 1, 2, 3 or 5 bytes.
    #[inline]
    pub fn write_i32(&mut self, number: i32) {
        let [first, second, third, fourth] = number.to_be_bytes();
        match number {
            -16..=47 => self.put(&[fourth.wrapping_add(0x90)]),
            -2048..=2047 => self.put(&[third.wrapping_add(0xc8), fourth]),
            -262_144..=262_143 => self.put(&[second.wrapping_add(0xd4), third, fourth]),
            _ => self.put(&[b'I', first, second, third, fourth]),
        }
    }

    /// Writes a long, in 1, 2, 3, 5 or 9 bytes.
    #[inline]
    pub fn write_i64(&mut self, number: i64) {
        let [.., first, second, third, fourth] = number.to_be_bytes();
        match number {
            -8..=15 => self.put(&[fourth.wrapping_add(0xe0)]),
            -2048..=2047 => self.put(&[third.wrapping_add(0xf8), fourth]),
            -262_144..=262_143 => self.put(&[second.wrapping_add(0x3c), third, fourth]),
            -0x8000_0000..=0x7fff_ffff => self.put(&[0x59, first, second, third, fourth]),
            _ => self.tagged(b'L', number.to_be_bytes()),
        }
    }

    /// Writes a double, in 1, 2, 3, 5 or 9 bytes. Negative zero is written as zero, as every Java encoder does.
    pub fn write_f64(&mut self, number: f64) {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "Java's narrowing: towards zero, saturating, NaN to 0"
        )]
        let (whole, thousandths) = (number as i32, (number * 1000.0) as i32);
        let [_, _, third, fourth] = whole.to_be_bytes();
        if f64::from(whole) == number {
            match whole {
                0 => return self.put(&[0x5b]),
                1 => return self.put(&[0x5c]),
                -0x80..=0x7f => return self.put(&[0x5d, fourth]),
                -0x8000..=0x7fff => return self.put(&[0x5e, third, fourth]),
                _ => {}
            }
        }
        // A reader multiplies by 0.001, so the form is right only when that gives the same double.
        if 0.001 * f64::from(thousandths) == number {
            let [first, second, third, fourth] = thousandths.to_be_bytes();
            self.put(&[0x5f, first, second, third, fourth]);
        } else {
            // Java knows one NaN (`doubleToLongBits`); arithmetic on other machines makes several.
            let number = if number.is_nan() { f64::NAN } else { number };
            self.tagged(b'D', number.to_be_bytes());
        }
    }

    /// Writes a float through its shortest decimal text, so that 99.8 stays 99.8, as Java does for `Float`.
    pub fn write_f32(&mut self, number: f32) {
        self.write_f64(widen(number));
    }

    /// Writes a date: milliseconds since the epoch. Whole minutes take 5 bytes, others 9.
    pub fn write_date(&mut self, millis: i64) {
        let minutes = i32::try_from(millis.div_euclid(60_000));
        match minutes {
            Ok(minutes) if millis.rem_euclid(60_000) == 0 => {
                let [first, second, third, fourth] = minutes.to_be_bytes();
                self.put(&[0x4b, first, second, third, fourth]);
            }
            _ => self.tagged(0x4a, millis.to_be_bytes()),
        }
    }

    /// Writes a string.
    #[inline]
    pub fn write_str(&mut self, text: &str) {
        if let Some(word) = short_word(text.as_bytes())
            && word & HIGH_BITS == 0
        {
            // The length and up to 7 characters at once, and then what is too much taken away.
            let length = text.len();
            let whole = self.out.len() + 1 + length;
            self.put(&(word << 8 | length as u64).to_le_bytes());
            self.out.truncate(whole);
        } else if text.len() < 32 && text.is_ascii() {
            #[allow(clippy::cast_possible_truncation, reason = "the length is below 32")]
            self.put(&[text.len() as u8]);
            self.put(text.as_bytes());
        } else {
            self.long_str(text);
        }
    }

    fn long_str(&mut self, text: &str) {
        let units = if text.is_ascii() {
            text.len()
        } else {
            text.encode_utf16().count()
        };
        let mut rest = text;
        let mut left = units;
        while left > CHUNK {
            let (chunk, taken) = chunk(rest);
            self.put(b"R");
            self.text_length(taken);
            self.text_units(chunk);
            rest = rest.get(chunk.len()..).unwrap_or_default();
            left = left.saturating_sub(taken);
        }
        match left {
            0..=31 => self.put(&[low(left)]),
            32..=1023 => self.put(&[0x30 | low(left >> 8), low(left)]),
            _ => {
                self.put(b"S");
                self.text_length(left);
            }
        }
        self.text_units(rest);
    }

    fn text_length(&mut self, units: usize) {
        self.put(&[low(units >> 8), low(units)]);
    }

    /// The characters, those above U+FFFF as two surrogates of three bytes each.
    fn text_units(&mut self, text: &str) {
        let mut rest = text;
        while let Some((start, wide)) = first_pair(rest) {
            self.put(rest.get(..start).unwrap_or_default().as_bytes());
            for unit in wide.encode_utf16(&mut [0; 2]) {
                let [high, low] = unit.to_be_bytes();
                self.put(&[
                    0xe0 | (high >> 4),
                    0x80 | ((high & 0x0f) << 2) | (low >> 6),
                    0x80 | (low & 0x3f),
                ]);
            }
            rest = rest
                .get(start.saturating_add(wide.len_utf8())..)
                .unwrap_or_default();
        }
        self.put(rest.as_bytes());
    }

    /// Writes a binary, Java's `byte[]`.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((chunk, after)) = rest
            .split_at_checked(CHUNK)
            .filter(|(_, after)| !after.is_empty())
        {
            self.put(&[b'A', low(CHUNK >> 8), low(CHUNK)]);
            self.put(chunk);
            rest = after;
        }
        match rest.len() {
            length @ 0..=15 => self.put(&[0x20 | low(length)]),
            length @ 16..=1023 => self.put(&[0x34 | low(length >> 8), low(length)]),
            length => self.put(&[b'B', low(length >> 8), low(length)]),
        }
        self.put(rest);
    }

    #[inline]
    fn tagged(&mut self, tag: u8, number: [u8; 8]) {
        let [a, b, c, d, e, f, g, h] = number;
        self.put(&[tag, a, b, c, d, e, f, g, h]);
    }
}

/// The top bits of 8 characters: none is set when all are ASCII.
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Up to 7 bytes as a number, the first byte lowest. Two loads, which may overlap, take them.
#[inline]
fn short_word(bytes: &[u8]) -> Option<u64> {
    let shift = |behind: usize| u32::try_from((bytes.len() - behind) * 8).unwrap_or_default();
    match bytes {
        [] => Some(0),
        [only] => Some(u64::from(*only)),
        [_, _] | [_, _, _] => {
            let low = u16::from_le_bytes(*bytes.first_chunk()?);
            let high = u16::from_le_bytes(*bytes.last_chunk()?);
            Some(u64::from(low) | u64::from(high) << shift(2))
        }
        _ if bytes.len() <= 7 => {
            let low = u32::from_le_bytes(*bytes.first_chunk()?);
            let high = u32::from_le_bytes(*bytes.last_chunk()?);
            Some(u64::from(low) | u64::from(high) << shift(4))
        }
        _ => None,
    }
}

/// The lowest byte of a length.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the caller takes the bytes of a length one by one"
)]
fn low(length: usize) -> u8 {
    length as u8
}

/// The longest front of `text` that fits into a chunk, and its units. It never splits a pair of surrogates.
fn chunk(text: &str) -> (&str, usize) {
    let mut units = 0;
    for (offset, scalar) in text.char_indices() {
        let next = units + scalar.len_utf16();
        if next > CHUNK {
            return (text.get(..offset).unwrap_or_default(), units);
        }
        units = next;
    }
    (text, units)
}

/// The first character above U+FFFF.
fn first_pair(text: &str) -> Option<(usize, char)> {
    // Such characters start with a byte of f0 or more, and no other byte of UTF-8 is that large.
    let start = text.as_bytes().iter().position(|byte| *byte >= 0xf0)?;
    Some((start, text.get(start..)?.chars().next()?))
}

/// The double whose decimal text is the float's.
fn widen(number: f32) -> f64 {
    let exact = f64::from(number);
    if !number.is_finite() || exact == exact.trunc() && exact.abs() < 16_777_216.0 {
        return exact;
    }
    let mut text = Digits {
        bytes: [0; 24],
        length: 0,
    };
    match std::fmt::Write::write_fmt(&mut text, format_args!("{number:e}")) {
        Ok(()) => text.as_str().parse().unwrap_or(exact),
        Err(_) => exact,
    }
}

/// Text of a float on the stack: at most 9 digits, sign, point and exponent.
struct Digits {
    bytes: [u8; 24],
    length: usize,
}

impl Digits {
    fn as_str(&self) -> &str {
        self.bytes
            .get(..self.length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl std::fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let room = self
            .bytes
            .get_mut(self.length..end)
            .ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
