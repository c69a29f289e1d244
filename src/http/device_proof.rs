//! Proofs of devices on their way in: a cookie of browsers, or a header of other clients. What they
//! prove is judged in `auth`.

use poem::http::{HeaderMap, HeaderName, header};

use super::same_site::refuse_other_sites;

/// The header in which a client that keeps no cookies gets its proof and sends it.
pub const DEVICE: HeaderName = HeaderName::from_static("aura-device");

/// Seconds for which a device is known after it signed in: 30 days.
pub const DEVICE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Characters of a proof.
pub const PROOF_LENGTH: usize = 86;

/// Most proofs of one request that are looked at: each costs a MAC for each key.
const MOST: usize = 4;

/// The names of the cookie, with and without TLS. A proof speaks for itself, so it does not matter
/// which host set the cookie; that which no other host can set is looked at first.
const COOKIES: [&str; 2] = ["__Host-aura_device", "aura_device"];

/// The proofs in the head of a request, a few at most, each of a proof's length.
pub(super) fn device_proofs(headers: &HeaderMap) -> Vec<String> {
    let text = |name| {
        let lines = headers.get_all(name).iter();
        lines.filter_map(|line| line.to_str().ok())
    };
    let whole = |proof: &&str| proof.len() == PROOF_LENGTH;
    let mut cookies: Vec<&str> = Vec::new();
    for cookie in COOKIES {
        let pairs = text(header::COOKIE).flat_map(|line| line.split(';'));
        let pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
        let values = pairs.filter_map(|(name, value)| (name == cookie).then_some(value));
        cookies.extend(values.filter(whole));
    }
    // A page of another host of the site would use up what the browser's device may try.
    if !cookies.is_empty() && refuse_other_sites(headers).is_err() {
        cookies.clear();
    }
    let proofs = text(DEVICE).map(str::trim).filter(whole).chain(cookies);
    proofs.take(MOST).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_few_and_as_long_as_proofs_are() {
        let proof = |letter: &str| letter.repeat(PROOF_LENGTH);
        let mut headers = HeaderMap::new();
        assert!(device_proofs(&headers).is_empty());
        let cookies = format!(
            "aura_device={}; x__Host-aura_device={}; __Host-aura_device={}; aura_device=short",
            proof("c"),
            proof("x"),
            proof("b")
        );
        headers.append(header::COOKIE, cookies.parse().unwrap());
        headers.append(DEVICE, proof("a").parse().unwrap());
        assert_eq!(
            device_proofs(&headers),
            [proof("a"), proof("b"), proof("c")]
        );
        headers.insert("sec-fetch-site", "same-site".parse().unwrap());
        assert_eq!(
            device_proofs(&headers),
            [proof("a")],
            "no page of another host"
        );
        for _ in 0..100 {
            headers.append(DEVICE, proof("z").parse().unwrap());
        }
        assert_eq!(device_proofs(&headers).len(), MOST);
    }
}
