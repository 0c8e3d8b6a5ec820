//! ABI version 1 in constants: names, numbers, layouts and limits of `plugin-sdk/ABI.md`.
//!
//! The host and every guest compile against this module, so neither can drift from the other.
//! Plain values and pure functions only: no allocation, nothing of either side's runtime.

pub mod codes;
pub mod commands;
pub mod interest;
pub mod keys;
pub mod layout;
pub mod limits;
pub mod names;

pub use layout::{
    ENTRY_ABSENT, ENTRY_BYTES, ENTRY_LAZY, call, configure, error_code, field, providers, rule,
    status,
};

/// First bytes of the section `wubbo.plugin`.
pub const MANIFEST_MAGIC: [u8; 4] = *b"wubp";
/// Bytes before the JSON body of the section: magic, major, minor.
pub const MANIFEST_PREFIX: usize = 8;
/// Major version of this ABI; a host refuses a major that it does not state.
pub const ABI_MAJOR: u16 = 1;
/// Minor version of this ABI; a plugin names the lowest one that it needs.
pub const ABI_MINOR: u16 = 0;

/// Packs an address and a length into the `i64` that carries a range (ABI.md 3.1).
///
/// A length that needs bit 31 cannot be packed and gives the empty range.
#[must_use]
pub const fn pack_range(address: u32, length: u32) -> i64 {
    if length > i32::MAX as u32 {
        return 0;
    }
    ((length as i64) << 32) | address as i64
}

/// Address and length of a packed range, `None` if the number is an error code.
#[must_use]
pub const fn unpack_range(packed: i64) -> Option<(u32, u32)> {
    if packed < 0 {
        return None;
    }
    Some(((packed & 0xffff_ffff) as u32, (packed >> 32) as u32))
}

/// Reads a `u16` at `offset`; `None` past the end.
#[must_use]
pub fn read_u16(bytes: &[u8], offset: usize) -> Option<u16> {
    let part = bytes.get(offset..offset.checked_add(2)?)?;
    part.try_into().ok().map(u16::from_le_bytes)
}

/// Reads a `u32` at `offset`; `None` past the end.
#[must_use]
pub fn read_u32(bytes: &[u8], offset: usize) -> Option<u32> {
    let part = bytes.get(offset..offset.checked_add(4)?)?;
    part.try_into().ok().map(u32::from_le_bytes)
}

/// Reads a `u64` at `offset`; `None` past the end.
#[must_use]
pub fn read_u64(bytes: &[u8], offset: usize) -> Option<u64> {
    let part = bytes.get(offset..offset.checked_add(8)?)?;
    part.try_into().ok().map(u64::from_le_bytes)
}

/// Writes `value` little-endian at `offset`; false if it does not fit.
#[must_use]
pub fn write_at(bytes: &mut [u8], offset: usize, value: &[u8]) -> bool {
    let target = offset
        .checked_add(value.len())
        .and_then(|end| bytes.get_mut(offset..end));
    target.map(|part| part.copy_from_slice(value)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_pack_and_unpack() {
        for (address, length) in [(0, 0), (1, 2), (u32::MAX, 7), (65_536, i32::MAX as u32)] {
            assert_eq!(
                unpack_range(pack_range(address, length)),
                Some((address, length))
            );
        }
        assert_eq!(pack_range(5, 1 << 31), 0);
        assert_eq!(unpack_range(-1), None);
    }

    #[test]
    fn reads_and_writes_stop_at_the_end() {
        let mut bytes = [0u8; 8];
        assert!(write_at(&mut bytes, 4, &7u32.to_le_bytes()));
        assert_eq!(read_u32(&bytes, 4), Some(7));
        assert_eq!(read_u64(&bytes, 0), Some(7 << 32));
        assert_eq!(read_u32(&bytes, 5), None);
        assert_eq!(read_u16(&bytes, usize::MAX), None);
        assert!(!write_at(&mut bytes, 5, &7u32.to_le_bytes()));
        assert!(!write_at(&mut bytes, usize::MAX, &[0]));
    }
}
