//! A passphrase that is forgotten where no link is: the desk draws a new key, a keeper of the office
//! above appoints it, and a short code, read over the telephone, tells both that they speak of the
//! same request.
//!
//! What is proved, and by what:
//! - *Which key.* The code covers the new public key, the office, the person and fresh entropy, so
//!   the keeper who types what the officer reads signs for the key that lies at that desk, whichever
//!   road the request took: a link, a stick, or a picture. Forty bits hold against a slip and a
//!   colleague; whoever can make the desk's own node sign could grind a second request with the same
//!   code, and could as well read the next passphrase that is typed there.
//! - *Which desk.* The node of the office signs the request; the keeper's node takes none that the
//!   roster does not name.
//! - *Which person.* No cipher proves a voice. The keeper calls the officer back at the number that
//!   is on file, and never lets a colleague speak for the officer: the answer counts only from an
//!   office above (`Authority::answer_to`).
//! - *The old key* is not recovered. It is told no after the last position that the desk knows, so
//!   that what the officer signed before stays good.
//! - *Case files* stay closed to the new key until somebody else opens them at that desk: their
//!   secret is wrapped to each officer's passphrase and to the county's recovery key, and no
//!   appointment can unwrap it. Once they are open, the next sign-in wraps it for the new passphrase.
//!
//! A short code can't bring the answer back. An act cites the appointment that it is signed under
//! (rule 22), and an appointment is 64 bytes of signature that nobody can read out; so without a link
//! the answer comes as a file, and counts from that moment.

mod answer;
mod carried;
mod desk;
mod reply;

pub use answer::{ASK_DAYS, AnswerError, Waiting, acts, find, waiting};
pub use carried::{CARRIED_BYTES_MAX, carried, read_carried};
pub use desk::{
    ASKS_DAY_MAX, AskError, Begun, Drawn, PENDING_MAX, adopt, begin, has_pending, suite_of,
};
pub use reply::{REPLY_BYTES_MAX, Reply, ReplyError};
