//! Frames: `7E`, escaped bytes, a check byte, `7E`. A stream is cut into them in bounded memory.

use super::{Read, ReadFrameError};

/// Mark at both ends of a frame.
const MARK: u8 = 0x7E;
/// First byte of an escape.
const ESCAPE: u8 = 0x7D;
/// Longest frame between its marks, unescaped, bytes: a header of 21 bytes, a body of 1,023 and the
/// check, with room to spare.
pub const FRAME_BYTES_MAX: usize = 1_100;
/// The same as it stands on the wire where every byte is escaped.
const RAW_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// The bytes of a frame without its check, from what stood between the marks.
pub fn unframe(raw: &[u8]) -> Read<Vec<u8>> {
    if raw.len() > RAW_BYTES_MAX {
        return Err(ReadFrameError::Long(raw.len()));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match (*byte, rest.as_slice().first()) {
            (ESCAPE, Some(1 | 2)) => match rest.next() {
                Some(1) => ESCAPE,
                _ => MARK,
            },
            (ESCAPE, next) => return Err(ReadFrameError::Escape(next.copied().unwrap_or(0))),
            (byte, _) => byte,
        });
    }
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(ReadFrameError::Long(bytes.len()));
    }
    let Some(found) = bytes.pop() else {
        return Err(ReadFrameError::Short {
            wanted: 1,
            found: 0,
        });
    };
    let wanted = check(&bytes);
    if wanted == found {
        Ok(bytes)
    } else {
        Err(ReadFrameError::Check { wanted, found })
    }
}

/// A frame with its marks around bytes without a check.
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len() + 8);
    whole.push(MARK);
    for byte in bytes.iter().chain([&check(bytes)]) {
        match *byte {
            MARK => whole.extend([ESCAPE, 2]),
            ESCAPE => whole.extend([ESCAPE, 1]),
            byte => whole.push(byte),
        }
    }
    whole.push(MARK);
    whole
}

fn check(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Cuts a stream into what stands between marks, however it was split or glued together.
#[derive(Debug, Default)]
pub struct Deframer {
    raw: Vec<u8>,
    is_open: bool,
    /// Bytes of a frame that is too long, dropped as they come.
    dropped: usize,
    /// Bytes outside any frame.
    stray: u64,
}

/// What a stream had between two marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deframed {
    /// Bytes to [`unframe`].
    Raw(Vec<u8>),
    /// As many bytes as no frame has; they were not kept.
    Long(usize),
}

impl Deframer {
    /// Takes in bytes; gives what they complete, in order. At most one unfinished frame is kept.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Deframed> {
        let mut found = Vec::new();
        for byte in bytes {
            if *byte == MARK {
                found.extend(self.end());
                self.is_open = true;
            } else if !self.is_open {
                self.stray += 1;
            } else if self.raw.len() < RAW_BYTES_MAX && self.dropped == 0 {
                self.raw.push(*byte);
            } else {
                self.dropped += 1 + std::mem::take(&mut self.raw).len();
            }
        }
        found
    }

    /// Bytes that stood outside any frame so far.
    pub fn stray(&self) -> u64 {
        self.stray
    }

    /// Whether a frame has begun that has not ended.
    pub fn is_unfinished(&self) -> bool {
        self.dropped > 0 || !self.raw.is_empty()
    }

    /// A mark ends a frame or begins one; terminals that share one mark between two frames and such
    /// that send two are read alike.
    fn end(&mut self) -> Option<Deframed> {
        let dropped = std::mem::take(&mut self.dropped);
        let raw = std::mem::take(&mut self.raw);
        match (dropped, raw.is_empty()) {
            (0, true) => None,
            (0, false) => Some(Deframed::Raw(raw)),
            (dropped, _) => Some(Deframed::Long(dropped)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_framed_is_unframed_and_its_marks_are_escaped() {
        let bytes = [0x30, 0x7E, 0x08, 0x7D, 0x55];
        let whole = frame(&bytes);
        assert_eq!(
            whole,
            [0x7E, 0x30, 0x7D, 2, 0x08, 0x7D, 1, 0x55, 0x6E, 0x7E]
        );
        assert_eq!(unframe(&whole[1..whole.len() - 1]).unwrap(), bytes);
        // A check that is a mark itself is escaped as well.
        let marked = frame(&[MARK]);
        assert_eq!(marked, [MARK, ESCAPE, 2, ESCAPE, 2, MARK]);
    }

    #[test]
    fn a_changed_byte_a_lone_escape_and_nothing_are_refused() {
        assert_eq!(
            unframe(&[1, 2, 4]),
            Err(ReadFrameError::Check {
                wanted: 3,
                found: 4
            })
        );
        assert_eq!(unframe(&[1, ESCAPE]), Err(ReadFrameError::Escape(0)));
        assert_eq!(unframe(&[ESCAPE, 3]), Err(ReadFrameError::Escape(3)));
        assert!(matches!(unframe(&[]), Err(ReadFrameError::Short { .. })));
        let long = vec![0; FRAME_BYTES_MAX + 1];
        assert_eq!(unframe(&long), Err(ReadFrameError::Long(long.len())));
    }

    #[test]
    fn a_stream_gives_the_same_frames_however_it_is_cut() {
        let mut stream = b"noise".to_vec();
        for bytes in [&[1, 2, 3][..], &[0x7E, 0x7D], &[9; 300]] {
            stream.extend(frame(bytes));
        }
        stream.extend([MARK, 5]);
        let whole = Deframer::default().push(&stream);
        assert_eq!(whole.len(), 3);
        for size in 1..stream.len() {
            let mut deframer = Deframer::default();
            let cut: Vec<_> = stream
                .chunks(size)
                .flat_map(|chunk| deframer.push(chunk))
                .collect();
            assert_eq!(cut, whole, "chunks of {size}");
            assert_eq!(deframer.stray(), 5);
        }
    }

    #[test]
    fn an_endless_frame_is_counted_and_not_kept_and_the_next_one_is_read() {
        let mut deframer = Deframer::default();
        assert!(deframer.push(&[MARK]).is_empty());
        for _ in 0..1_000 {
            assert!(deframer.push(&[7; 1_000]).is_empty());
            assert!(deframer.raw.capacity() <= 2 * RAW_BYTES_MAX);
            assert!(deframer.is_unfinished());
        }
        let next = deframer.push(&frame(&[1]));
        assert!(!deframer.is_unfinished());
        assert_eq!(next, [Deframed::Long(1_000_000), Deframed::Raw(vec![1, 1])]);
    }
}
