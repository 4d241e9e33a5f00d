//! The door of the local network: TLS, and a certificate that is shown only while the roster vouches
//! for its authority.

use super::app::App;
use super::text::{Text, words, words_with};
use crate::certificate::{CertificateError, Lapse, REMIND_DAYS, Stored, digits, provider};
use jiff::tz::TimeZone;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;
/// How often the roster and the clock are asked again, ms.
const LOOK_MS: u64 = 5_000;

/// Why the door is shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// No certificate is installed.
    Missing,
    /// The certificate can't be read.
    Damaged,
    /// Nobody vouches for the authority that made it.
    Foreign,
    /// It is over.
    Expired,
    /// It has not begun, or the clock is wrong.
    Early,
}

impl Shut {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
            Self::Early => "early",
        }
    }
}

/// The door: a certificate, where there is one, and whether it may be shown at this moment.
#[derive(Debug)]
pub struct Lan {
    stored: Option<Stored>,
    /// Whether the configuration has such a door.
    wanted: bool,
    /// None: open.
    shut: Mutex<Option<Shut>>,
}

impl Lan {
    /// A door with what was read from the data directory; shut until it is judged.
    pub fn new(stored: Result<Option<Stored>, CertificateError>, wanted: bool) -> Arc<Self> {
        let (stored, shut) = match stored {
            Ok(Some(stored)) => (Some(stored), Shut::Foreign),
            Ok(None) => (None, Shut::Missing),
            Err(error) => {
                tracing::error!(%error, "the certificate of the local network can't be used");
                (None, Shut::Damaged)
            }
        };
        Arc::new(Self {
            stored,
            wanted,
            shut: Mutex::new(Some(shut)),
        })
    }

    /// SHA-256 of the certificate of the authority.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        self.stored
            .as_ref()
            .map(|stored| stored.issued.fingerprint())
    }

    /// The certificate of the authority, for the PCs that are to trust it.
    pub fn authority(&self) -> Option<&[u8]> {
        let stored = self.stored.as_ref();
        stored.map(|stored| stored.issued.authority.as_slice())
    }

    /// What the certificate calls this node.
    pub fn names(&self) -> &[String] {
        let stored = self.stored.as_ref();
        stored.map_or(&[], |stored| stored.issued.names.as_slice())
    }

    /// Last instant of the certificate, ms UTC.
    pub fn until(&self) -> Option<i64> {
        self.stored.as_ref().map(|stored| stored.issued.until)
    }

    /// Why it is shut; none where it is open.
    pub fn shut(&self) -> Option<Shut> {
        *self.lock()
    }

    /// Judges it anew: whether somebody vouches for its authority, and the time, ms UTC.
    pub fn judge(&self, vouched: bool, now: i64) {
        let Some(stored) = &self.stored else { return };
        let shut = if vouched {
            stored.issued.lapse(now).map(|lapse| match lapse {
                Lapse::Expired => Shut::Expired,
                Lapse::Early => Shut::Early,
                Lapse::Other => Shut::Damaged,
            })
        } else {
            Some(Shut::Foreign)
        };
        let before = std::mem::replace(&mut *self.lock(), shut);
        if before != shut {
            tracing::info!(?shut, "the door of the local network");
        }
    }

    /// What people should know of it at a moment, ms UTC: that it is shut and why, or that it soon
    /// will be.
    pub fn notice(&self, now: i64) -> Option<(&'static str, Text)> {
        let until = self.until();
        let day = until.map(day_text).unwrap_or_default();
        match self.shut() {
            Some(Shut::Foreign) => {
                let fingerprint = self.fingerprint().unwrap_or_default();
                Some((
                    "lan_foreign",
                    words_with("lan", "foreign", &[&digits(&fingerprint)]),
                ))
            }
            Some(Shut::Expired) => Some(("lan_expired", words_with("lan", "expired", &[&day]))),
            Some(Shut::Early) => Some(("lan_early", words("lan", "early"))),
            Some(Shut::Damaged) => Some(("lan_damaged", words("lan", "damaged"))),
            Some(Shut::Missing) if self.wanted => Some(("lan_missing", words("lan", "missing"))),
            Some(Shut::Missing) => None,
            None => {
                let ends = until.is_some_and(|until| until - now <= REMIND_DAYS * DAY_MS);
                ends.then(|| ("lan_renew", words_with("lan", "renew", &[&day])))
            }
        }
    }

    /// How TLS is spoken at this door: version 1.3, HTTP/1.1, and no certificate while it is shut.
    pub fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shown(Arc::clone(self))));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shut>> {
        self.shut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a handshake is answered with.
#[derive(Debug)]
struct Shown(Arc<Lan>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let stored = self.0.stored.as_ref()?;
        self.0.shut().is_none().then(|| Arc::clone(&stored.key))
    }
}

/// Judges the door once, by the roster and the clock of this moment.
pub async fn look(app: &App) {
    let Some(fingerprint) = app.lan.fingerprint() else {
        return;
    };
    let vouched = app.look(move |node| {
        let authority = node.authority();
        Ok(authority.is_vouched(node.office, &fingerprint))
    });
    if let Ok(vouched) = vouched.await {
        app.lan.judge(vouched, app.now());
    }
}

/// Judges the door again and again: a vouching may come or fall by a link, and a year passes.
pub async fn watch(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_millis(LOOK_MS));
    loop {
        tokio::select! {
            _ = ticks.tick() => look(&app).await,
            () = app.owner.ended() => return,
        }
    }
}

fn day_text(ms: i64) -> String {
    let zone = TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC);
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| zone.to_datetime(at).date().to_string())
        .unwrap_or_default()
}
