//! Who is signed in: passwords, signed cookies, form tokens, the brake on guessing. Never what they
//! may see.

use argon2::password_hash::{PasswordHash, PasswordVerifier};
use argon2::{Argon2, PasswordHasher};
use center::city::CounselorId;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Length of a session: a shift with its overtime.
pub(crate) const SESSION_S: i64 = 14 * 3_600;

/// Failures that are forgiven within [`FAILURE_WINDOW`].
const FAILURES_MAX: usize = 10;
const FAILURE_WINDOW: Duration = Duration::from_mins(5);
/// Accounts and addresses remembered; beyond it the oldest failures are forgotten.
const TRACKED_MAX: usize = 10_000;

/// A password as the settings hold it.
#[derive(Clone)]
pub enum Password {
    /// Argon2 in PHC format.
    Hash(String),
    /// In clear, for the sample city only: it is printed on the console anyway.
    Sample(String),
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Hashes a password for the settings file.
///
/// # Panics
///
/// When the system has no source of randomness.
pub fn hash_password(password: &str) -> String {
    let mut salt = [0_u8; 16];
    fill_random(&mut salt);
    let salt =
        argon2::password_hash::SaltString::encode_b64(&salt).expect("16 bytes are a valid salt");
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .expect("default parameters are valid")
        .to_string()
}

/// Whether the password is right. Takes as long for an unknown account as for a known one.
pub(crate) fn verify(known: Option<&Password>, secret: &[u8], given: &str) -> bool {
    // A hash of nothing anybody can type: spends the same time when there is nothing to compare.
    const IDLE: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let phc = match known {
        Some(Password::Hash(phc)) => phc.as_str(),
        _ => IDLE,
    };
    let hashed = PasswordHash::new(phc).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(given.as_bytes(), &hash)
            .is_ok()
    });
    match known {
        Some(Password::Hash(_)) => hashed,
        Some(Password::Sample(clear)) => same(secret, given, clear),
        None => false,
    }
}

/// Compares two texts without telling by time where they differ.
pub(crate) fn same(secret: &[u8], a: &str, b: &str) -> bool {
    let mut mac = keyed(secret, "same", a);
    let expected = mac.clone().finalize().into_bytes();
    mac = keyed(secret, "same", b);
    mac.verify_slice(&expected).is_ok()
}

/// A signed-in person, as the cookie says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) counselor: CounselorId,
    pub(crate) until_s: i64,
    pub(crate) nonce: String,
}

/// Makes and reads cookies; remembers which were signed out.
pub(crate) struct Sessions {
    secret: Vec<u8>,
    ended: Mutex<BTreeSet<(i64, String)>>,
    failures: Mutex<BTreeMap<(String, IpAddr), VecDeque<Instant>>>,
}

impl Sessions {
    pub(crate) fn new(secret: Vec<u8>) -> Sessions {
        Sessions {
            secret,
            ended: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// A cookie value for a counselor. It survives a restart because only the key makes it valid.
    pub(crate) fn open(&self, counselor: CounselorId, now_s: i64) -> String {
        self.sign(&Session {
            counselor,
            until_s: now_s + SESSION_S,
            nonce: random_hex(32),
        })
    }

    fn sign(&self, session: &Session) -> String {
        let payload = format!(
            "{}.{}.{}",
            session.counselor, session.until_s, session.nonce
        );
        let mac = keyed(&self.secret, "session", &payload);
        format!("{payload}.{}", hex(&mac.finalize().into_bytes()))
    }

    /// Reads a cookie value; none when forged, over or signed out.
    pub(crate) fn read(&self, cookie: &str, now_s: i64) -> Option<Session> {
        let (payload, mac) = cookie.rsplit_once('.')?;
        keyed(&self.secret, "session", payload)
            .verify_slice(&unhex(mac)?)
            .ok()?;
        let mut parts = payload.split('.');
        let session = Session {
            counselor: CounselorId(parts.next()?.parse().ok()?),
            until_s: parts.next()?.parse().ok()?,
            nonce: parts.next()?.to_owned(),
        };
        let ended = self.ended.lock().expect("no panic while it is held");
        let open = !ended.contains(&(session.until_s, session.nonce.clone()));
        (session.until_s > now_s && open).then_some(session)
    }

    /// Signs a session out before its time.
    pub(crate) fn end(&self, session: &Session, now_s: i64) {
        let mut ended = self.ended.lock().expect("no panic while it is held");
        ended.retain(|(until_s, _)| *until_s > now_s);
        ended.insert((session.until_s, session.nonce.clone()));
    }

    /// The token that every changing request of a session carries.
    pub(crate) fn form_token(&self, session: &Session) -> String {
        hex(&keyed(&self.secret, "form", &session.nonce)
            .finalize()
            .into_bytes())
    }

    /// Whether a token belongs to the session.
    pub(crate) fn token_fits(&self, session: &Session, token: &str) -> bool {
        let mac = keyed(&self.secret, "form", &session.nonce);
        unhex(token).is_some_and(|given| mac.verify_slice(&given).is_ok())
    }

    /// A cookie that opens the floor for a wall screen; good as long as the token is.
    pub(crate) fn kiosk_cookie(&self, token: &str) -> String {
        hex(&keyed(&self.secret, "kiosk", token).finalize().into_bytes())
    }

    /// Minutes to wait before the next attempt, when there were too many failures.
    pub(crate) fn throttled(&self, login: &str, from: IpAddr, now: Instant) -> Option<u64> {
        let failures = self.failures.lock().expect("no panic while it is held");
        let times = failures.get(&(login.to_owned(), from))?;
        let recent = times
            .iter()
            .filter(|at| now.duration_since(**at) < FAILURE_WINDOW);
        if recent.clone().count() < FAILURES_MAX {
            return None;
        }
        let oldest = recent.min()?;
        let left = FAILURE_WINDOW.saturating_sub(now.duration_since(*oldest));
        Some(left.as_secs().div_ceil(60).max(1))
    }

    /// Remembers a failure.
    pub(crate) fn failed(&self, login: &str, from: IpAddr, now: Instant) {
        let mut failures = self.failures.lock().expect("no panic while it is held");
        if failures.len() >= TRACKED_MAX {
            failures.retain(|_, times| {
                times
                    .back()
                    .is_some_and(|at| now.duration_since(*at) < FAILURE_WINDOW)
            });
            if failures.len() >= TRACKED_MAX {
                failures.pop_first();
            }
        }
        let times = failures.entry((login.to_owned(), from)).or_default();
        times.push_back(now);
        if times.len() > FAILURES_MAX {
            times.pop_front();
        }
    }

    /// Forgets the failures of an account that signed in.
    pub(crate) fn succeeded(&self, login: &str, from: IpAddr) {
        let mut failures = self.failures.lock().expect("no panic while it is held");
        failures.remove(&(login.to_owned(), from));
    }
}

pub(crate) fn keyed(secret: &[u8], purpose: &str, text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length is valid");
    mac.update(purpose.as_bytes());
    mac.update(b"|");
    mac.update(text.as_bytes());
    mac
}

/// Random bytes from the system.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has a source of randomness");
}

/// `bytes` random bytes as hex.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    fill_random(&mut random);
    hex(&random)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        Sessions::new(vec![7; 32])
    }

    #[test]
    fn a_cookie_opens_until_its_time_or_its_sign_out() {
        let sessions = sessions();
        let cookie = sessions.open(CounselorId(3), 1_000);
        let session = sessions.read(&cookie, 1_000).expect("it is valid");
        assert_eq!(session.counselor, CounselorId(3));
        assert_eq!(sessions.read(&cookie, 1_000 + SESSION_S), None);
        assert!(Sessions::new(vec![7; 32]).read(&cookie, 1_000).is_some());
        sessions.end(&session, 1_000);
        assert_eq!(sessions.read(&cookie, 1_000), None);
    }

    #[test]
    fn a_forged_cookie_or_token_is_nothing() {
        let sessions = sessions();
        let cookie = sessions.open(CounselorId(3), 0);
        let forged = cookie.replacen('3', "4", 1);
        assert_eq!(sessions.read(&forged, 0), None);
        assert_eq!(Sessions::new(vec![8; 32]).read(&cookie, 0), None);
        for nonsense in ["", ".", "a.b.c.d", "1.2.3.", "1.99999999999.x.é"] {
            assert_eq!(sessions.read(nonsense, 0), None);
        }
        let session = sessions.read(&cookie, 0).expect("it is valid");
        assert!(sessions.token_fits(&session, &sessions.form_token(&session)));
        assert!(!sessions.token_fits(&session, ""));
        assert!(!sessions.token_fits(&session, &"0".repeat(64)));
    }

    #[test]
    fn passwords_fit_as_hash_and_as_sample_only() {
        let hash = Password::Hash(hash_password("dasan"));
        let sample = Password::Sample("dasan".into());
        for known in [&hash, &sample] {
            assert!(verify(Some(known), &[1], "dasan"));
            assert!(!verify(Some(known), &[1], "Dasan"));
        }
        assert!(!verify(None, &[1], ""));
        assert_eq!(format!("{sample:?}"), "Password(..)");
    }

    #[test]
    fn the_eleventh_failure_waits_and_others_do_not() {
        let sessions = sessions();
        let (here, there) = ([127, 0, 0, 1].into(), [10, 0, 0, 1].into());
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert_eq!(sessions.throttled("kim", here, start), None);
            sessions.failed("kim", here, start);
        }
        assert_eq!(sessions.throttled("kim", here, start), Some(5));
        assert_eq!(sessions.throttled("kim", there, start), None);
        assert_eq!(sessions.throttled("lee", here, start), None);
        assert_eq!(
            sessions.throttled("kim", here, start + FAILURE_WINDOW),
            None
        );
    }
}
