//! Compression of frames. What comes out is bounded by what the sender said and by the longest
//! frame.
//!
//! Where the C library can't be built, in a browser, compressed frames are read by another decoder
//! of the same form and none are made: a plain frame says the same.

/// How hard a frame is pressed: levels above gain little on frames of this size.
#[cfg(not(target_arch = "wasm32"))]
const LEVEL: i32 = 3;

/// A shorter form of the bytes; none where none can be made here.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(plain, LEVEL).ok()
}

/// A shorter form of the bytes; none where none can be made here.
#[cfg(target_arch = "wasm32")]
pub(crate) fn pack(_plain: &[u8]) -> Option<Vec<u8>> {
    None
}

/// The bytes again; none where there are not exactly so many.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn unpack(packed: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let plain = zstd::bulk::decompress(packed, bytes).ok()?;
    (plain.len() == bytes).then_some(plain)
}

/// The bytes again; none where there are not exactly so many.
#[cfg(target_arch = "wasm32")]
pub(crate) fn unpack(packed: &[u8], bytes: usize) -> Option<Vec<u8>> {
    portable(packed, bytes)
}

#[cfg(any(test, target_arch = "wasm32"))]
fn portable(packed: &[u8], bytes: usize) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let decoder = ruzstd::decoding::StreamingDecoder::new(packed).ok()?;
    let mut plain = Vec::with_capacity(bytes);
    // One byte more shows that there is too much, whatever the rest would unpack to.
    decoder
        .take(bytes as u64 + 1)
        .read_to_end(&mut plain)
        .ok()?;
    (plain.len() == bytes).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_decoders_read_the_same_and_refuse_what_is_longer_or_shorter_than_said() {
        let texts: Vec<Vec<u8>> = (0..40_usize)
            .map(|n| {
                let line = format!("第{n}次查访，本人在家，情绪平稳。");
                line.repeat(n * n % 97).into_bytes()
            })
            .collect();
        for plain in texts {
            let packed = pack(&plain).unwrap();
            for read in [unpack, portable] {
                assert_eq!(read(&packed, plain.len()).as_ref(), Some(&plain));
                assert_eq!(read(&packed, plain.len() + 1), None);
                if !plain.is_empty() {
                    assert_eq!(read(&packed, plain.len() - 1), None);
                    assert_eq!(read(&packed[..packed.len() / 2], plain.len()), None);
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_by_both_decoders() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], LEVEL).unwrap();
        assert_eq!(unpack(&bomb, 1_000), None);
        assert_eq!(portable(&bomb, 1_000), None);
    }
}
