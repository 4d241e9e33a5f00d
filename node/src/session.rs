//! Who is signed in: random ids in memory only, bound to one person and one seat, gone with the
//! process.

mod answer;
mod proof;

pub use answer::{ANSWER_BYTES_MAX, ANSWERS_MAX, Answer, Answers, Place};
pub use proof::Proof;

use crate::key::OfficerKey;
use crate::view::Viewer;
use jiaolian_schema::id::{PersonId, hex, sha256, unhex};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A session ends after so long without a request of its person, ms.
pub const IDLE_MS_MAX: i64 = 15 * 60 * 1000;
/// A session ends so long after signing in, whatever happens, ms.
pub const SESSION_MS_MAX: i64 = 8 * 60 * 60 * 1000;
/// A session that looks at the wall only ends so long after that began, ms.
pub const WALL_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// Most sessions at once; the one idle longest gives way.
pub const SESSIONS_MAX: usize = 256;

/// Why a session ended, as its open pages are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nobody used it, or its day was over.
    Idle,
    /// Its person signed out, or another signed in at the same page.
    Replaced,
    /// The person's appointment no longer stands.
    Revoked,
}

impl Ending {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
        }
    }
}

/// The secret that a cookie carries: 256 bits of entropy.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken([u8; 32]);

impl SessionToken {
    /// A token of the given entropy.
    pub fn new(entropy: [u8; 32]) -> Self {
        Self(entropy)
    }

    /// Reads a cookie's value.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text)?.try_into().ok().map(Self)
    }

    /// The cookie's value.
    pub fn to_text(&self) -> String {
        hex(&self.0)
    }

    /// Tokens are looked up by their hash, so the time of a look-up says nothing about a token.
    fn place(&self) -> [u8; 32] {
        sha256(&[b"session/1", &self.0])
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(secret)")
    }
}

/// One signed-in person at one page.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whom it shows and signs as.
    pub viewer: Arc<Viewer>,
    /// Signs what needs no passphrase; wiped when the last holder of the session lets go.
    pub key: Arc<OfficerKey>,
    /// Answers given before, by idempotency key.
    pub answers: Arc<Answers>,
    /// Says why it ended, once it did.
    pub ending: watch::Receiver<Option<Ending>>,
    /// When it ends at the latest, ms of the sessions' clock.
    pub expires_at: i64,
    /// Whether it looks at the wall only: nobody sits at that screen, so it ends by no idleness and
    /// opens nothing else, and it keeps no case files open.
    pub wall: bool,
}

struct Entry {
    session: Session,
    seen_at: i64,
    end: watch::Sender<Option<Ending>>,
}

impl Entry {
    fn is_over(&self, now: i64) -> bool {
        let idle = !self.session.wall && now - self.seen_at >= IDLE_MS_MAX;
        now >= self.session.expires_at || idle
    }
}

/// All live sessions. Times are ms of one clock that never steps back; the caller owns it.
#[derive(Default)]
pub struct Sessions {
    entries: Mutex<BTreeMap<[u8; 32], Entry>>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sessions({})", self.lock().len())
    }
}

impl Sessions {
    /// Opens a session under a fresh token.
    pub fn open(&self, token: &SessionToken, viewer: Viewer, key: OfficerKey, now: i64) -> Session {
        let (end, ending) = watch::channel(None);
        let session = Session {
            viewer: Arc::new(viewer),
            key: Arc::new(key),
            answers: Arc::default(),
            ending,
            expires_at: now + SESSION_MS_MAX,
            wall: false,
        };
        let mut entries = self.lock();
        drop_over(&mut entries, now);
        while entries.len() >= SESSIONS_MAX {
            let idlest = entries
                .iter()
                .min_by_key(|(_, entry)| entry.seen_at)
                .map(|(p, _)| *p);
            finish(&mut entries, &idlest.unwrap_or_default(), Ending::Idle);
        }
        let entry = Entry {
            session: session.clone(),
            seen_at: now,
            end,
        };
        entries.insert(token.place(), entry);
        session
    }

    /// The session of a token, if it is live. `active` tells a person's doing from a page's own
    /// polling.
    pub fn find(&self, token: &SessionToken, now: i64, active: bool) -> Option<Session> {
        let mut entries = self.lock();
        let place = token.place();
        let entry = entries.get_mut(&place)?;
        if entry.is_over(now) {
            finish(&mut entries, &place, Ending::Idle);
            return None;
        }
        if active {
            entry.seen_at = now;
        }
        Some(entry.session.clone())
    }

    /// Leaves a session nothing but the wall, from now on.
    pub fn pin(&self, token: &SessionToken, now: i64) {
        if let Some(entry) = self.lock().get_mut(&token.place()) {
            entry.session.wall = true;
            entry.session.expires_at = now + WALL_MS_MAX;
        }
    }

    /// Gives a session's person another seat, under the same token.
    pub fn reseat(&self, token: &SessionToken, viewer: Viewer) -> Option<Session> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&token.place())?;
        entry.session.viewer = Arc::new(viewer);
        Some(entry.session.clone())
    }

    /// Ends a session; nothing happens where there is none.
    pub fn end(&self, token: &SessionToken, ending: Ending) {
        finish(&mut self.lock(), &token.place(), ending);
    }

    /// Ends what is over and what `revoked` names; says how many are left.
    pub fn sweep(&self, now: i64, revoked: impl Fn(&Viewer) -> bool) -> usize {
        let mut entries = self.lock();
        drop_over(&mut entries, now);
        let gone: Vec<_> = entries
            .iter()
            .filter(|(_, entry)| revoked(&entry.session.viewer))
            .map(|(place, _)| *place)
            .collect();
        for place in gone {
            finish(&mut entries, &place, Ending::Revoked);
        }
        entries.len()
    }

    /// How many sessions a person has.
    pub fn count_of(&self, person: PersonId) -> usize {
        self.lock()
            .values()
            .filter(|entry| entry.session.viewer.person == person)
            .count()
    }

    /// How many sessions that may read cases are live or not yet swept.
    pub fn count(&self) -> usize {
        let entries = self.lock();
        entries.values().filter(|entry| !entry.session.wall).count()
    }

    /// Everybody who is signed in.
    pub fn viewers(&self) -> Vec<Arc<Viewer>> {
        self.lock()
            .values()
            .map(|entry| Arc::clone(&entry.session.viewer))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_over(entries: &mut BTreeMap<[u8; 32], Entry>, now: i64) {
    let over: Vec<_> = entries
        .iter()
        .filter(|(_, entry)| entry.is_over(now))
        .map(|(p, _)| *p)
        .collect();
    for place in over {
        finish(entries, &place, Ending::Idle);
    }
}

fn finish(entries: &mut BTreeMap<[u8; 32], Entry>, place: &[u8; 32], ending: Ending) {
    if let Some(entry) = entries.remove(place) {
        entry.end.send_replace(Some(ending));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Viewer;
    use jiaolian_schema::suite::Suite;

    fn open(sessions: &Sessions, byte: u8, now: i64) -> (SessionToken, Session) {
        let token = SessionToken::new([byte; 32]);
        let key = OfficerKey::generate(Suite::Ed25519);
        let session = sessions.open(&token, Viewer::example(byte), key, now);
        (token, session)
    }

    #[test]
    fn an_idle_session_ends_after_fifteen_minutes_and_its_page_is_told() {
        let sessions = Sessions::default();
        let (token, session) = open(&sessions, 1, 0);
        assert!(sessions.find(&token, IDLE_MS_MAX - 1, true).is_some());
        assert!(sessions.find(&token, 2 * IDLE_MS_MAX - 2, false).is_some());
        assert!(sessions.find(&token, 2 * IDLE_MS_MAX - 1, false).is_none());
        assert_eq!(*session.ending.borrow(), Some(Ending::Idle));
    }

    #[test]
    fn a_session_at_the_wall_outlives_idleness_by_a_day_and_holds_no_case_file_open() {
        let sessions = Sessions::default();
        let (token, session) = open(&sessions, 1, 0);
        assert!(!session.wall);
        sessions.pin(&token, 0);
        assert_eq!(sessions.count(), 0);
        let later = sessions.find(&token, WALL_MS_MAX - 1, false).unwrap();
        assert!(later.wall);
        assert!(sessions.find(&token, WALL_MS_MAX, false).is_none());
    }

    #[test]
    fn a_busy_session_ends_after_eight_hours() {
        let sessions = Sessions::default();
        let (token, _) = open(&sessions, 1, 0);
        let mut now = 0;
        while now + IDLE_MS_MAX / 2 < SESSION_MS_MAX {
            now += IDLE_MS_MAX / 2;
            assert!(sessions.find(&token, now, true).is_some());
        }
        assert!(sessions.find(&token, SESSION_MS_MAX, true).is_none());
    }

    #[test]
    fn a_revoked_person_is_signed_out_and_others_stay() {
        let sessions = Sessions::default();
        let (_, gone) = open(&sessions, 1, 0);
        let (kept, _) = open(&sessions, 2, 0);
        let left = sessions.sweep(1, |viewer| viewer.person == Viewer::example(1).person);
        assert_eq!(left, 1);
        assert_eq!(*gone.ending.borrow(), Some(Ending::Revoked));
        assert!(sessions.find(&kept, 1, true).is_some());
    }

    #[test]
    fn sessions_are_bounded_and_the_one_idle_longest_gives_way() {
        let sessions = Sessions::default();
        let (first, _) = open(&sessions, 0, 0);
        for i in 1..=SESSIONS_MAX {
            let token = SessionToken::new(sha256(&[&i.to_be_bytes()]));
            sessions.open(
                &token,
                Viewer::example(1),
                OfficerKey::generate(Suite::Ed25519),
                i as i64,
            );
        }
        assert_eq!(sessions.count(), SESSIONS_MAX);
        assert!(sessions.find(&first, SESSIONS_MAX as i64, true).is_none());
    }
}
