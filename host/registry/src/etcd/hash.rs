//! What Dubbo Java writes as the value of a key without a lease: the hash of its path, of which nobody makes use.

/// Java's `String.hashCode`.
pub(super) fn java_hash(text: &str) -> i32 {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    text.encode_utf16().fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec 50 2.3.
    #[test]
    fn is_that_of_java() {
        for (path, hash) in [
            ("/dubbo", 1_441_505_071),
            (
                "/dubbo/org.apache.dubbo.demo.DemoService/providers",
                502_072_032,
            ),
            (
                "/dubbo/com.alibaba.dubbo.demo.DemoService/providers",
                1_128_830_761,
            ),
        ] {
            assert_eq!(java_hash(path), hash, "{path}");
        }
    }
}
