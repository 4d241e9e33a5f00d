//! JT/T 808 as terminals speak it: frames of real terminals, every field read back, and bytes that
//! nobody should have sent.

#![allow(clippy::unwrap_used)]

use jiaolian_schema::fix::{read_instant, write_instant};
use jiaolian_schema::id::unhex;
use jiaolian_schema::jt808::{
    Answer, Assembly, BATCH_LOCATIONS_MAX, Batch, Deframed, Deframer, Edition, Header, Item,
    ItemTable, Location, Message, MessageId, Parameter, Part, ReadFrameError, Registered, Status,
    Verdict, frame, read, unframe,
};
use proptest::prelude::*;

/// A message from the hex of a whole frame.
fn hear(hex: &str) -> (Header, Message) {
    let bytes = unhex(hex).unwrap();
    let bytes = unframe(&bytes[1..bytes.len() - 1]).unwrap();
    let (header, body) = Header::read(&bytes).unwrap();
    let message = read(&header, body).unwrap();
    (header, message)
}

fn location(hex: &str) -> (Header, Location) {
    match hear(hex) {
        (header, Message::Location(location)) => (header, location),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_location_of_2019_south_of_the_equator_is_read() {
    let (header, found) = location(
        "7e02004026010000000001391234432900000000006f0000001601dc9a0707456246007b0042000325012922334\
         40202006401040000000c417e",
    );
    assert_eq!(header.edition, Edition::Of2019 { version: 1 });
    assert_eq!((header.number(), header.serial), ("13912344329", 0));
    assert_eq!((found.alarm, found.status), (111, Status(22)));
    assert_eq!((found.lat_e6, found.lon_e6), (-31_234_567, 121_987_654));
    assert_eq!(
        (found.altitude_m, found.speed_dkmh, found.bearing_deg),
        (123, 66, 3)
    );
    let time = read_instant("2025-01-29T22:33:44+08:00").unwrap();
    assert_eq!(found.time, time);
    let numbers: Vec<_> = found
        .items
        .iter()
        .map(|one| (one.id, one.number()))
        .collect();
    assert_eq!(numbers, [(2, Some(100)), (1, Some(12))]);
    let place = found.place().unwrap();
    assert_eq!((place.lat(), place.lon()), (-312_345_670, 1_219_876_540));
}

#[test]
fn a_location_with_a_maker_s_items_is_read() {
    let (_, found) = location(
        "7e0200407c010000000001391234432900000000007b000000de01d907f2073d336c029a004e000014102119510\
         901040000006f020200de0302029a0402014d250400000309300121120601000000000113070000000100000031\
         0137642f000000dedf6f03420b0c0d0e0f04d201d907f2073d336c1410211951090001313233343536371410211\
         951090101008e7e",
    );
    assert_eq!(write_instant(found.time), "2014-10-21T11:51:09Z");
    assert_eq!((found.lat_e6, found.lon_e6), (-31_000_562, -121_451_372));
    assert_eq!((found.altitude_m, found.speed_dkmh), (666, 78));
    assert_eq!(found.satellites(), Some(55));
    let ids: Vec<u8> = found.items.iter().map(|item| item.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 0x25, 0x30, 0x12, 0x13, 0x31, 0x64]);
}

#[test]
fn a_location_that_is_no_position_is_no_place() {
    for (status, is_place) in [(2, true), (0, false), (0xFFFF_FFF1, false)] {
        let location = Location {
            status: Status(status),
            ..here()
        };
        assert_eq!(location.place().is_some(), is_place, "{status:X}");
    }
}

fn some(id: u16, edition: Edition) -> Header {
    let digits = match edition {
        Edition::Of2013 => 12,
        Edition::Of2019 { .. } => 20,
    };
    Header {
        id,
        edition,
        terminal: format!("{:0>digits$}", "13800138000"),
        serial: 9,
        part: None,
    }
}

const BOTH: [Edition; 2] = [Edition::Of2013, Edition::Of2019 { version: 1 }];

fn here() -> Location {
    Location {
        alarm: 0,
        status: Status(2),
        lat_e6: 27_686_000,
        lon_e6: 111_435_000,
        altitude_m: -5,
        speed_dkmh: 43,
        bearing_deg: 270,
        time: read_instant("2026-03-02T08:00:00+08:00").unwrap(),
        items: vec![Item {
            id: 0x31,
            value: vec![9],
        }],
    }
}

const CLOCK: &str = "260302080000";

#[test]
fn a_terminal_registers_authenticates_beats_and_leaves_in_both_editions() {
    for edition in BOTH {
        let is_new = edition.year() == 2019;
        let (from, size) = if is_new { (45, 30) } else { (29, 7) };
        let mut body = vec![0; from + size + 1];
        body[from..from + 5].copy_from_slice(b"BAND7");
        body[4..9].copy_from_slice(b"JLXY1");
        body.extend_from_slice(b"kQ3v-81mZ-pp0x-77Lw\0");
        let header = some(MessageId::Register as u16, edition);
        let registration = Message::Register {
            maker: b"JLXY1".to_vec(),
            device: b"BAND7".to_vec(),
            plate: b"kQ3v-81mZ-pp0x-77Lw".to_vec(),
        };
        assert_eq!(read(&header, &body), Ok(registration));
        assert!(read(&header, &body[..from + size - 1]).is_err());

        let header = some(MessageId::Authenticate as u16, edition);
        let code = b"0123456789abcdef".to_vec();
        let body = if is_new {
            [&[16], code.as_slice(), &[0; 35]].concat()
        } else {
            code.clone()
        };
        assert_eq!(read(&header, &body), Ok(Message::Authenticate { code }));

        for (id, message) in [
            (MessageId::Heartbeat, Message::Heartbeat),
            (MessageId::Logout, Message::Logout),
        ] {
            assert_eq!(read(&some(id as u16, edition), &[]), Ok(message));
        }
        let body = [0, 5, 0x82, 1, 0];
        let answered = Message::Answer {
            serial: 5,
            id: 0x8201,
            result: 0,
        };
        assert_eq!(read(&some(1, edition), &body), Ok(answered));
    }
    let new = some(MessageId::Authenticate as u16, BOTH[1]);
    assert!(read(&new, &[9, 1]).is_err(), "a code shorter than it says");
    assert_eq!(read(&some(0x0900, BOTH[0]), &[1]), Ok(Message::Other));
}

#[test]
fn a_location_that_was_asked_for_names_the_question() {
    let body = [&[0, 7][..], &here().write(CLOCK)].concat();
    let found = read(&some(0x0201, BOTH[0]), &body).unwrap();
    let located = Message::Located {
        serial: 7,
        location: here(),
    };
    assert_eq!(found, located);
    assert_eq!(here().satellites(), Some(9));
}

#[test]
fn one_location_of_a_batch_that_cannot_be_read_spoils_none_of_the_others() {
    let good = here().write(CLOCK);
    let mut far = good.clone();
    far[8..12].copy_from_slice(&90_000_001_u32.to_be_bytes());
    let body = Batch::write(
        true,
        &[good.clone(), far, good[..27].to_vec(), good.clone()],
    );
    let batch = Batch::read(&body).unwrap();
    assert!(batch.is_history);
    let range = ReadFrameError::Range {
        field: "latitude",
        limit: 90_000_000,
        value: 90_000_001,
    };
    let short = ReadFrameError::Field {
        field: "a location",
        wanted: 28,
        found: 27,
    };
    assert_eq!(
        batch.locations,
        [Ok(here()), Err(range), Err(short), Ok(here())]
    );
    assert_eq!(batch.unread.keys().copied().collect::<Vec<_>>(), [1, 2]);
    let rest = Location::read_unplaced(&batch.unread[&1]).unwrap();
    let unplaced = Location {
        status: Status(0),
        lat_e6: 0,
        lon_e6: 0,
        ..here()
    };
    assert_eq!(rest, unplaced, "its time and items can be read");
    let mut untimed = batch.unread[&1].clone();
    untimed[22..28].fill(0);
    let rest = Location::read_unplaced(&untimed).unwrap();
    assert_eq!(
        rest,
        Location {
            time: 0,
            ..unplaced
        }
    );
    assert!(Location::read_unplaced(&batch.unread[&2]).is_err());
    for end in 0..body.len() {
        assert!(Batch::read(&body[..end]).is_err(), "{end}");
    }
    let mut more = body.clone();
    more[..2].copy_from_slice(&(BATCH_LOCATIONS_MAX + 1).to_be_bytes());
    assert_eq!(
        Batch::read(&more),
        Err(ReadFrameError::Batch(BATCH_LOCATIONS_MAX + 1))
    );
}

#[test]
fn a_batch_in_parts_is_the_batch() {
    let locations: Vec<_> = (0..60).map(|_| here().write(CLOCK)).collect();
    let body = Batch::write(true, &locations);
    let parts: Vec<_> = body.chunks(1_000).collect();
    let total = parts.len() as u16;
    assert!(total > 1);
    let mut assembly = Assembly::default();
    let mut whole = None;
    for (index, part) in parts.iter().enumerate() {
        let mut header = some(0x0704, BOTH[1]);
        header.serial = 65_535_u16.wrapping_add(index as u16);
        header.part = Some(Part {
            total,
            index: index as u16 + 1,
        });
        let wire = frame(&header.write(part));
        let mut heard = Deframer::default().push(&wire);
        let Some(Deframed::Raw(raw)) = heard.pop() else {
            panic!("a frame")
        };
        let bytes = unframe(&raw).unwrap();
        let (header, body) = Header::read(&bytes).unwrap();
        whole = assembly.push(&header, header.part.unwrap(), body);
    }
    assert_eq!(whole, Some((65_535, body)));
}

#[test]
fn answers_have_the_bytes_of_the_standard() {
    let to = some(0x0200, BOTH[0]);
    let general = Answer::General {
        serial: 9,
        id: 0x0200,
        verdict: Verdict::Done,
    };
    let bytes = general.write(&to, 1);
    assert_eq!(bytes, unhex("8001000501380013800000010009020000").unwrap());
    let (header, body) = Header::read(&bytes).unwrap();
    assert_eq!((header.id, header.serial), (0x8001, 1));
    assert_eq!(body, [0, 9, 2, 0, 0]);

    let known = Answer::Registration {
        serial: 3,
        result: Registered::Known(b"code".to_vec()),
    };
    let stranger = Answer::Registration {
        serial: 3,
        result: Registered::Stranger,
    };
    let listed = Answer::Registration {
        serial: 3,
        result: Registered::Listed,
    };
    let backup = Answer::SetParameters(vec![
        Parameter::text(0x0017, "10.0.0.2"),
        Parameter::number(0x0029, 60),
    ]);
    let text = |edition| {
        let text = Answer::Text {
            flags: 4,
            text: vec![0xC4, 0xE3],
        };
        text.write(&some(0, edition), 0)
    };
    let body = |bytes: Vec<u8>| Header::read(&bytes).unwrap().1.to_vec();
    assert_eq!(body(known.write(&to, 0)), b"\x00\x03\x00code");
    assert_eq!(body(stranger.write(&to, 0)), [0, 3, 4]);
    assert_eq!(body(listed.write(&to, 0)), [0, 3, 3]);
    assert_eq!(
        body(backup.write(&to, 0)),
        b"\x02\0\0\0\x17\x0810.0.0.2\0\0\0\x29\x04\0\0\0\x3C"
    );
    assert_eq!(body(text(BOTH[0])), [4, 0xC4, 0xE3]);
    assert_eq!(body(text(BOTH[1])), [4, 1, 0xC4, 0xE3]);
    assert!(body(Answer::Locate.write(&to, 0)).is_empty());
    let quick = Answer::Track {
        interval_s: 10,
        for_s: 300,
    };
    assert_eq!(
        (quick.id(), body(quick.write(&to, 0))),
        (0x8202, vec![0, 10, 0, 0, 1, 44])
    );
    let again = Answer::PartsAgain {
        first: 7,
        parts: vec![2, 3],
    };
    assert_eq!(body(again.write(&to, 0)), [0, 7, 2, 0, 2, 0, 3]);
    let of_2019 = again.write(&some(0, BOTH[1]), 0);
    assert_eq!(body(of_2019), [0, 7, 0, 2, 0, 2, 0, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_whatever_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..1_200)) {
        let mut deframer = Deframer::default();
        for found in deframer.push(&bytes) {
            if let Deframed::Raw(raw) = found {
                let _ = unframe(&raw);
            }
        }
        if let Ok((header, body)) = Header::read(&bytes) {
            let _ = read(&header, body);
        }
        if let Ok(location) = Location::read_unplaced(&bytes) {
            let _ = ItemTable::builtin().read(b"JLXY1", &location);
        }
        for id in [0x0001, 0x0100, 0x0102, 0x0200, 0x0201, 0x0704] {
            for edition in BOTH {
                let _ = read(&some(id, edition), &bytes);
            }
        }
    }

    #[test]
    fn a_location_reads_back(
        alarm in any::<u32>(),
        bits in any::<u32>(),
        lat in 0..=90_000_000_i32,
        lon in 0..=180_000_000_i32,
        (altitude, speed, bearing) in any::<(i16, u16, u16)>(),
        values in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..20)), 0..6),
    ) {
        let (south, west) = (bits & 4 != 0, bits & 8 != 0);
        let location = Location {
            alarm,
            status: Status(bits),
            lat_e6: if south { -lat } else { lat },
            lon_e6: if west { -lon } else { lon },
            altitude_m: altitude,
            speed_dkmh: speed,
            bearing_deg: bearing,
            items: values.into_iter().map(|(id, value)| Item { id, value }).collect(),
            ..here()
        };
        prop_assert_eq!(Location::read(&location.write(CLOCK)), Ok(location));
    }

    #[test]
    fn what_is_framed_comes_out_of_any_cutting(
        frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 1..6),
        size in 1..50_usize,
    ) {
        let wire: Vec<u8> = frames.iter().flat_map(|bytes| frame(bytes)).collect();
        let mut deframer = Deframer::default();
        let heard = wire.chunks(size).flat_map(|chunk| deframer.push(chunk));
        let read: Vec<_> = heard
            .map(|one| match one {
                Deframed::Raw(raw) => unframe(&raw),
                Deframed::Long(size) => Err(ReadFrameError::Long(size)),
            })
            .collect();
        let wanted: Vec<_> = frames.into_iter().map(Ok).collect();
        prop_assert_eq!(read, wanted);
    }
}
