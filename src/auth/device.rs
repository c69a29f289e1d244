//! [`Devices`] that an account knows: a browser, or another client, that has signed in to it keeps a proof
//! of that, by which its tries are told from those of strangers wherever it is ("device cookies" of
//! the OWASP "Slow Down Online Guessing Attacks").
//!
//! A proof opens nothing. It names no account, and holds for the one alone under whose e-mail and
//! password hash it was made: it dies when the password is changed, set or reset. What its tries are
//! charged to is in [`limits`](super::limits); `docs/decisions/0004-rate-limits.md` has the reasons.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use super::error::Error;
use super::keyring::Keyring;
use super::refresh_token::{RefreshKey, hex};
use super::users::{User, Users};
use crate::clock::{Clock, random_bytes};
use crate::http::Context;
use crate::http::device_proof::DEVICE_SECONDS;
use crate::identity::Email;

/// Seconds by which the clock of the server that made a proof may be ahead.
const MAX_SKEW_SECONDS: i64 = 300;

const ID: usize = 16;
const EPOCH: usize = 8;
/// The id, the time in seconds, and the epoch.
const SIGNED: usize = ID + 8 + EPOCH;
const TAG: usize = 32;

/// A device that an account knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    /// Names it in counters: 16 random bytes, in hexadecimal digits.
    pub(super) id: String,
}

/// The devices of all accounts.
#[derive(Debug)]
pub(super) struct Devices {
    pub(super) users: Users,
    pub(super) keyring: Arc<Keyring>,
    pub(super) clock: Clock,
}

impl Devices {
    /// The proof that a device which has just signed in to `user` keeps. Like a cookie, it is a
    /// secret, and goes to that device alone.
    ///
    /// # Errors
    /// [`Error::Internal`] without a key.
    pub(super) fn proof(&self, user: &User) -> Result<SecretString, Error> {
        let secrets = self.keyring.current();
        let key = secrets.keys.refresh_today()?;
        let mut proof = Vec::with_capacity(SIGNED + TAG);
        proof.extend(random_bytes::<ID>());
        proof.extend(self.clock.now().seconds().to_be_bytes());
        proof.extend(epoch(key, user));
        proof.extend(tag(key, &proof, user.email.as_str()));
        Ok(URL_SAFE_NO_PAD.encode(proof).into())
    }

    /// The device that sends the request, where it proves that the account with `email`, as it was
    /// typed, knows it. Only for a proof that was made for this e-mail is the account looked up, so
    /// that nobody without one learns anything of it.
    ///
    /// # Errors
    /// An outage of the database.
    pub(super) async fn known(
        &self,
        context: &Context,
        email: &str,
    ) -> Result<Option<Device>, Error> {
        let proofs = context.device_proofs();
        if proofs.is_empty() {
            return Ok(None);
        }
        let email = Email::lookup(email);
        let now = self.clock.now().seconds();
        // Earlier keys, too: a change of keys must not make strangers of known devices.
        for key in self.keyring.current().keys.refresh() {
            let mut proofs = proofs
                .iter()
                .filter_map(|proof| genuine(key, proof, email.as_str()));
            let fresh = |made: i64| (-MAX_SKEW_SECONDS..DEVICE_SECONDS).contains(&(now - made));
            let Some((id, _, known)) = proofs.find(|(_, made, _)| fresh(*made)) else {
                continue;
            };
            let user = self.users.find_by_email(&email).await?;
            let same = user.is_some_and(|user| bool::from(epoch(key, &user).ct_eq(&known)));
            return Ok(same.then(|| Device { id: hex(&id) }));
        }
        Ok(None)
    }
}

/// The id, the time and the epoch of a proof that this key made for the account of `email`.
fn genuine(key: &RefreshKey, proof: &str, email: &str) -> Option<([u8; ID], i64, [u8; EPOCH])> {
    let bytes = URL_SAFE_NO_PAD.decode(proof).ok()?;
    let (signed, shown) = bytes.split_at_checked(SIGNED)?;
    if !bool::from(tag(key, signed, email).ct_eq(shown)) {
        return None;
    }
    let (id, rest) = signed.split_first_chunk()?;
    let (made, epoch) = rest.split_first_chunk()?;
    Some((*id, i64::from_be_bytes(*made), epoch.try_into().ok()?))
}

/// Binding of a proof to the password of an account; tells nothing of its hash.
fn epoch(key: &RefreshKey, user: &User) -> [u8; EPOCH] {
    let whole = key.tag(b"device-epoch", user.password_hash.expose().as_bytes());
    let mut epoch = [0; EPOCH];
    epoch.copy_from_slice(&whole[..EPOCH]);
    epoch
}

fn tag(key: &RefreshKey, signed: &[u8], email: &str) -> [u8; TAG] {
    key.tag(b"device", &[signed, email.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::device_proof::PROOF_LENGTH;
    use proptest::prelude::*;

    const ANN: &str = "ann@example.com";

    fn proof(key: &RefreshKey) -> String {
        let signed = [7; SIGNED];
        URL_SAFE_NO_PAD.encode([signed.as_slice(), &tag(key, &signed, ANN)].concat())
    }

    #[test]
    fn a_proof_holds_for_its_key_and_its_account() {
        let (key, other) = (RefreshKey::new([1; 32]), RefreshKey::new([2; 32]));
        let proof = proof(&key);
        assert_eq!(proof.len(), PROOF_LENGTH);
        let made = i64::from_be_bytes([7; 8]);
        assert_eq!(
            genuine(&key, &proof, ANN),
            Some(([7; ID], made, [7; EPOCH]))
        );
        assert_eq!(genuine(&other, &proof, ANN), None);
        assert_eq!(genuine(&key, &proof, "bob@example.com"), None);
        assert_eq!(genuine(&key, "", ANN), None);
    }

    proptest! {
        #[test]
        fn a_changed_proof_is_none_of_ours(position in 0_usize..86, with in "[A-Za-z0-9_-]") {
            let key = RefreshKey::new([1; 32]);
            let text = proof(&key);
            let mut changed = text.clone();
            changed.replace_range(position..=position, &with);
            prop_assume!(changed != text);
            prop_assert_eq!(genuine(&key, &changed, ANN), None);
        }
    }
}
