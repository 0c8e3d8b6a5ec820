//! MD5 (RFC 1321), which Dubbo's ring is made of. Not for secrets.
//!
//! Its digest is written as four words of 32 bits, little end first: exactly the four points that Dubbo takes from it.

/// Bytes of a block.
const BLOCK: usize = 64;
/// RFC 1321 3.3: the words to start from.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// RFC 1321 3.4: the whole part of 2^32 times the sine of 1 to 64, four in a row as they are used.
const SINES: [[u32; 4]; 16] = [
    [0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee],
    [0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501],
    [0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be],
    [0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821],
    [0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa],
    [0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8],
    [0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed],
    [0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a],
    [0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c],
    [0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70],
    [0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05],
    [0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665],
    [0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039],
    [0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1],
    [0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1],
    [0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391],
];

/// The digest of a message as its four words.
pub(crate) fn md5(message: &[u8]) -> [u32; 4] {
    let (blocks, rest) = message.as_chunks::<BLOCK>();
    let state = blocks.iter().fold(START, turn);
    // The message, a one bit, zeros, and its length in bits; in two blocks if they do not fit in one.
    let mut tail = [0; 2 * BLOCK];
    for (place, byte) in tail.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *place = *byte;
    }
    let bits = (message.len() as u64).wrapping_mul(8).to_le_bytes();
    let end = if rest.len() < BLOCK - bits.len() {
        BLOCK
    } else {
        2 * BLOCK
    };
    for (place, byte) in tail.iter_mut().skip(end - bits.len()).zip(bits) {
        *place = byte;
    }
    let (tail, _) = tail.as_chunks::<BLOCK>();
    tail.iter().take(end / BLOCK).fold(state, turn)
}

/// The rounds are written out: this runs for each call.
fn turn(start: [u32; 4], block: &[u8; BLOCK]) -> [u32; 4] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let [
        w0,
        w1,
        w2,
        w3,
        w4,
        w5,
        w6,
        w7,
        w8,
        w9,
        w10,
        w11,
        w12,
        w13,
        w14,
        w15,
    ] = words;
    let [
        s0,
        s1,
        s2,
        s3,
        s4,
        s5,
        s6,
        s7,
        s8,
        s9,
        s10,
        s11,
        s12,
        s13,
        s14,
        s15,
    ] = SINES;
    let first = |b: u32, c: u32, d: u32| d ^ (b & (c ^ d));
    let second = |b: u32, c: u32, d: u32| c ^ (d & (b ^ c));
    let third = |b: u32, c: u32, d: u32| b ^ c ^ d;
    let fourth = |b: u32, c: u32, d: u32| c ^ (b | !d);
    let mut state = start;

    state = four(state, first, [w0, w1, w2, w3], s0, [7, 12, 17, 22]);
    state = four(state, first, [w4, w5, w6, w7], s1, [7, 12, 17, 22]);
    state = four(state, first, [w8, w9, w10, w11], s2, [7, 12, 17, 22]);
    state = four(state, first, [w12, w13, w14, w15], s3, [7, 12, 17, 22]);

    state = four(state, second, [w1, w6, w11, w0], s4, [5, 9, 14, 20]);
    state = four(state, second, [w5, w10, w15, w4], s5, [5, 9, 14, 20]);
    state = four(state, second, [w9, w14, w3, w8], s6, [5, 9, 14, 20]);
    state = four(state, second, [w13, w2, w7, w12], s7, [5, 9, 14, 20]);

    state = four(state, third, [w5, w8, w11, w14], s8, [4, 11, 16, 23]);
    state = four(state, third, [w1, w4, w7, w10], s9, [4, 11, 16, 23]);
    state = four(state, third, [w13, w0, w3, w6], s10, [4, 11, 16, 23]);
    state = four(state, third, [w9, w12, w15, w2], s11, [4, 11, 16, 23]);

    state = four(state, fourth, [w0, w7, w14, w5], s12, [6, 10, 15, 21]);
    state = four(state, fourth, [w12, w3, w10, w1], s13, [6, 10, 15, 21]);
    state = four(state, fourth, [w8, w15, w6, w13], s14, [6, 10, 15, 21]);
    state = four(state, fourth, [w4, w11, w2, w9], s15, [6, 10, 15, 21]);

    let ([a, b, c, d], [e, f, g, h]) = (start, state);
    [
        a.wrapping_add(e),
        b.wrapping_add(f),
        c.wrapping_add(g),
        d.wrapping_add(h),
    ]
}

/// Four steps, after which every word of the state is where it was.
#[inline(always)]
fn four(
    [mut a, mut b, mut c, mut d]: [u32; 4],
    mix: impl Fn(u32, u32, u32) -> u32,
    words: [u32; 4],
    sines: [u32; 4],
    rotations: [u32; 4],
) -> [u32; 4] {
    let ([w0, w1, w2, w3], [s0, s1, s2, s3], [r0, r1, r2, r3]) = (words, sines, rotations);
    let turned = |a: u32, mixed: u32, word: u32, sine: u32, by: u32| {
        let sum = a.wrapping_add(word).wrapping_add(sine).wrapping_add(mixed);
        sum.rotate_left(by)
    };
    a = b.wrapping_add(turned(a, mix(b, c, d), w0, s0, r0));
    d = a.wrapping_add(turned(d, mix(a, b, c), w1, s1, r1));
    c = d.wrapping_add(turned(c, mix(d, a, b), w2, s2, r2));
    b = c.wrapping_add(turned(b, mix(c, d, a), w3, s3, r3));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(message: &str) -> String {
        let bytes = md5(message.as_bytes()).map(u32::to_le_bytes);
        bytes
            .iter()
            .flatten()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// RFC 1321 A.5.
    #[test]
    fn the_test_suite_of_the_rfc() {
        let suite = [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "abcdefghijklmnopqrstuvwxyz",
                "c3fcd3d76192e4007dfb496cca67e13b",
            ),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "d174ab98d277d9f5a5611c2c9f419d9f",
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ];
        for (message, digest) in suite {
            assert_eq!(hex(message), digest, "{message:?}");
        }
    }

    /// Digests of other implementations (Python 3's hashlib) around the ends of blocks.
    #[test]
    fn lengths_around_a_block() {
        let digests = [
            (55, "ef1772b6dff9a122358552954ad0df65"),
            (56, "3b0c8ac703f828b04c6c197006d17218"),
            (57, "652b906d60af96844ebd21b674f35e93"),
            (63, "b06521f39153d618550606be297466d5"),
            (64, "014842d480b571495a4a0363793f7367"),
            (65, "c743a45e0d2e6a95cb859adae0248435"),
            (119, "8a7bd0732ed6a28ce75f6dabc90e1613"),
            (120, "5f61c0ccad4cac44c75ff505e1f1e537"),
            (127, "020406e1d05cdc2aa287641f7ae2cc39"),
            (128, "e510683b3f5ffe4093d021808bc6ff70"),
            (129, "b325dc1c6f5e7a2b7cf465b9feab7948"),
            (1000, "cabe45dcc9ae5b66ba86600cca6b8ba8"),
        ];
        for (length, digest) in digests {
            assert_eq!(hex(&"a".repeat(length)), digest, "{length}");
        }
    }
}
