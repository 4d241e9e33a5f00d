//! Frames keep their bytes: a node of the next two versions must still read them.

use jiaolian_schema::canon;
use jiaolian_schema::envelope::Envelope;
use jiaolian_schema::id::{AuthorId, OfficeId, hex, unhex};
use jiaolian_sync::frame::{Chain, Frame, Guest, Have, Hello, ReadFrameError};

fn hello() -> Hello {
    Hello {
        wire: 1,
        fold: 1,
        edit: 1,
        pack: [1; 4],
        office: [2; 4],
        salt: [3; 4],
        roster: [4; 6],
        root: [5; 12],
        agreed: None,
        recent: None,
    }
}

fn frames() -> Vec<(&'static str, Frame)> {
    let envelope = Envelope {
        head: vec![1, 2, 3],
        signature: [9; 64],
        body: Some(vec![4, 5]),
    };
    let have = Have {
        item: [7; 8],
        tips: vec![8; 32],
        refused: Some(vec![6; 6]),
    };
    let chain = Chain {
        item: [7; 8],
        whole: 300,
        count: 301,
    };
    let guests = vec![
        Guest {
            office: OfficeId([1; 16]),
            digest: Some([2; 6]),
        },
        Guest {
            office: OfficeId([3; 16]),
            digest: None,
        },
    ];
    let recent = Hello {
        agreed: Some([6; 12]),
        recent: Some(vec![7; 28]),
        ..hello()
    };
    let heads = Frame::Heads {
        author: AuthorId([1; 32]),
        from: 2,
        to: 9,
    };
    vec![
        ("hello", Frame::Hello(hello())),
        ("hello_recent", Frame::Hello(recent)),
        (
            "ranges",
            Frame::Ranges {
                chains: false,
                stretches: vec![0, 0, 1],
            },
        ),
        (
            "have",
            Frame::Have {
                items: vec![have],
                answer: true,
            },
        ),
        (
            "chains",
            Frame::Chains {
                items: vec![chain],
                answer: false,
            },
        ),
        ("heads", heads),
        (
            "envelopes",
            Frame::Envelopes {
                lane: 1,
                envelopes: vec![envelope.clone(), envelope.without_body()],
            },
        ),
        (
            "durable",
            Frame::Durable {
                urgent: 1,
                normal: 1000,
                bulk: 70_000,
            },
        ),
        (
            "check",
            Frame::Check {
                dossiers: [1; 8],
                chains: [2; 8],
                answer: false,
            },
        ),
        ("guests", Frame::Guests(guests)),
        (
            "refuse",
            Frame::Refuse {
                newest: 3,
                oldest: 1,
            },
        ),
    ]
}

#[test]
fn every_frame_keeps_its_golden_bytes() {
    let golden = include_str!("golden/frames_1.txt");
    let written: Vec<String> = frames()
        .iter()
        .map(|(name, frame)| format!("{name} {}", hex(&frame.encode())))
        .collect();
    assert_eq!(golden.lines().collect::<Vec<_>>(), written);
}

#[test]
fn golden_bytes_read_back_as_the_frames_that_they_are() {
    let golden = include_str!("golden/frames_1.txt").lines();
    assert_eq!(golden.clone().count(), frames().len());
    for (line, (_, frame)) in golden.zip(frames()) {
        let bytes = unhex(line.split(' ').nth(1).unwrap()).unwrap();
        assert_eq!(Frame::decode(&bytes), Ok(frame));
    }
}

#[test]
fn two_greetings_where_nothing_changed_fit_a_hundred_bytes() {
    let bytes = Frame::Hello(hello()).encode().len();
    assert!(2 * bytes <= 100, "{bytes} bytes each");
}

#[test]
fn frames_beyond_a_limit_are_refused_with_the_limit() {
    let long = Frame::decode(&vec![0; 256 * 1024 + 1]);
    assert_eq!(long, Err(ReadFrameError::Long(256 * 1024 + 1)));
    let ragged = Hello {
        recent: Some(vec![0; 15]),
        ..hello()
    };
    let ragged = Frame::decode(&Frame::Hello(ragged).encode());
    assert!(matches!(
        ragged,
        Err(ReadFrameError::Ragged { bytes: 15, .. })
    ));
    let many = Hello {
        recent: Some(vec![0; 14 * 65]),
        ..hello()
    };
    let many = Frame::decode(&Frame::Hello(many).encode());
    assert!(matches!(
        many,
        Err(ReadFrameError::Count {
            limit: 64,
            count: 65,
            ..
        })
    ));
}

#[test]
fn a_byte_string_that_claims_four_gibibytes_is_refused_before_anything_is_kept() {
    let mut bytes = vec![0x82, 5, 0x82, 1, 0x81, 0xa2, 0, 0x5b];
    bytes.extend_from_slice(&(4_u64 << 30).to_be_bytes());
    assert!(matches!(
        Frame::decode(&bytes),
        Err(ReadFrameError::Canon(_))
    ));
    let mut list = vec![0x82, 5, 0x82, 1, 0x9b];
    list.extend_from_slice(&u64::MAX.to_be_bytes());
    assert!(matches!(
        Frame::decode(&list),
        Err(ReadFrameError::Canon(_))
    ));
}

#[test]
fn bytes_changed_or_cut_anywhere_never_panic() {
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice
    };
    for (_, frame) in frames() {
        let honest = frame.encode();
        for cut in 0..honest.len() {
            assert!(Frame::decode(&honest[..cut]).is_err());
        }
        for _ in 0..5_000 {
            let mut bytes = honest.clone();
            let at = next() as usize % bytes.len();
            bytes[at] = next() as u8;
            if let Ok(frame) = Frame::decode(&bytes) {
                assert_eq!(frame.encode(), bytes);
            }
        }
    }
}

#[test]
fn envelopes_of_text_travel_compressed_and_come_out_the_same() {
    let text = "本人因就医需要，申请外出三日。".repeat(200);
    let envelope = Envelope {
        head: vec![1; 200],
        signature: [9; 64],
        body: Some(text.into_bytes()),
    };
    let frame = Frame::Envelopes {
        lane: 2,
        envelopes: vec![envelope; 4],
    };
    let bytes = frame.encode();
    assert!(bytes.len() * 10 < canon::encode(&frame).len());
    let golden = unhex(include_str!("golden/packed_1.txt").trim()).unwrap();
    assert_eq!(
        Frame::decode(&golden).as_ref(),
        Ok(&frame),
        "{}",
        hex(&bytes)
    );
    assert_eq!(Frame::decode(&bytes), Ok(frame));
}

#[test]
fn a_compressed_frame_never_unpacks_beyond_what_it_names_or_twice() {
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    let packed = |bytes| Frame::Packed {
        bytes,
        packed: bomb.clone(),
    };
    let refused = Frame::decode(&canon::encode(&packed(1_000)));
    assert_eq!(refused, Err(ReadFrameError::Pack(1_000)));
    let refused = Frame::decode(&canon::encode(&packed(u32::MAX)));
    assert_eq!(refused, Err(ReadFrameError::Long(u32::MAX as usize)));
    let inner = canon::encode(&Frame::Packed {
        bytes: 3,
        packed: vec![1, 2, 3],
    });
    let outer = Frame::Packed {
        bytes: inner.len() as u32,
        packed: zstd::bulk::compress(&inner, 3).unwrap(),
    };
    let refused = Frame::decode(&canon::encode(&outer));
    assert_eq!(refused, Err(ReadFrameError::Pack(inner.len())));
}
