//! MD5 (RFC 1321), which Dubbo's ring is made of. Not for secrets.
//!
//! Its digest is written as four words of 32 bits, little end first: exactly the four points that Dubbo takes from it.

/// Bytes of a block.
const BLOCK: usize = 64;
/// RFC 1321 3.3: the words to start from.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// RFC 1321 3.4: the whole part of 2^32 times the sine of 1 to 64, by round and four steps.
const SINES: [[[u32; 4]; 4]; 4] = [
    [
        [0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee],
        [0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501],
        [0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be],
        [0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821],
    ],
    [
        [0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa],
        [0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8],
        [0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed],
        [0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a],
    ],
    [
        [0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c],
        [0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70],
        [0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05],
        [0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665],
    ],
    [
        [0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039],
        [0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1],
        [0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1],
        [0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391],
    ],
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

fn turn(state: [u32; 4], block: &[u8; BLOCK]) -> [u32; 4] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let word = |place: usize| words[place % 16];
    let [first, second, third, fourth] = &SINES;
    let mixed = round(state, first, [7, 12, 17, 22], word, |b, c, d| {
        d ^ (b & (c ^ d))
    });
    let mixed = round(
        mixed,
        second,
        [5, 9, 14, 20],
        |step| word(5 * step + 1),
        |b, c, d| c ^ (d & (b ^ c)),
    );
    let mixed = round(
        mixed,
        third,
        [4, 11, 16, 23],
        |step| word(3 * step + 5),
        |b, c, d| b ^ c ^ d,
    );
    let mixed = round(
        mixed,
        fourth,
        [6, 10, 15, 21],
        |step| word(7 * step),
        |b, c, d| c ^ (b | !d),
    );
    let ([a, b, c, d], [e, f, g, h]) = (state, mixed);
    [
        a.wrapping_add(e),
        b.wrapping_add(f),
        c.wrapping_add(g),
        d.wrapping_add(h),
    ]
}

/// Sixteen steps, four at a time so that nothing has to move.
#[inline(always)]
fn round(
    [mut a, mut b, mut c, mut d]: [u32; 4],
    sines: &[[u32; 4]; 4],
    [r0, r1, r2, r3]: [u32; 4],
    word: impl Fn(usize) -> u32,
    mix: impl Fn(u32, u32, u32) -> u32,
) -> [u32; 4] {
    let turned = |a: u32, mixed: u32, sine: u32, word: u32, by: u32| {
        let sum = a.wrapping_add(mixed).wrapping_add(sine).wrapping_add(word);
        sum.rotate_left(by)
    };
    for (place, [s0, s1, s2, s3]) in sines.iter().enumerate() {
        let step = 4 * place;
        a = b.wrapping_add(turned(a, mix(b, c, d), *s0, word(step), r0));
        d = a.wrapping_add(turned(d, mix(a, b, c), *s1, word(step + 1), r1));
        c = d.wrapping_add(turned(c, mix(d, a, b), *s2, word(step + 2), r2));
        b = c.wrapping_add(turned(b, mix(c, d, a), *s3, word(step + 3), r3));
    }
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
