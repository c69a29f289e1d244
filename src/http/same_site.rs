//! Refusal of forms that another site sent: browsers tell where a request comes from, and a foreign page
//! cannot change what they tell.

use poem::http::{HeaderMap, HeaderName, header};

use super::code::Code;
use super::head::host;
use super::problem::Problem;
use crate::config::HostPort;

/// Fetch Metadata (W3C): from which kind of place the browser was told to send this.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that a page of another site, or of another host of this site, had sent.
/// Browsers that say nothing are believed here: the form's own token is still asked for.
///
/// # Errors
/// `forbidden`.
pub fn refuse_other_sites(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &poem::http::HeaderValue| value.to_str().unwrap_or("?"))
    };
    let own = match (text(FETCH_SITE), text(header::ORIGIN)) {
        // Pages cannot set a header that begins with `Sec-` (Fetch), so it is believed before `Origin`.
        // `none` is an address that the user typed.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => is_of_host(origin, headers),
        (None, None) => true,
    };
    if own {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        "this form was sent from another site; open the page here and send it again",
    ))
}

/// Checks whether `origin` is of the host that the request is for. A proxy may name the scheme's own
/// port, which browsers leave out.
fn is_of_host(origin: &str, headers: &HeaderMap) -> bool {
    let Some((scheme, own)) = origin.split_once("://") else {
        return false;
    };
    let usual = if scheme == "http" { 80 } else { 443 };
    match (HostPort::parse(own), host(headers)) {
        (Some(own), Some(host)) => own.is_same(&host, usual),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
