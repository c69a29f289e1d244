//! The origin at which a browser reaches this server, and the detection of plain HTTP, over which a
//! password must not be asked for.

use poem::http::header;

use super::request::PageRequest;
use crate::config::CorsOrigin;
use crate::http::head::host;

/// The origin at which browsers reach this server: the configured one, or that of this request.
pub(super) fn origin(request: &PageRequest) -> String {
    if let Some(url) = &request.site.public_url {
        return url.clone();
    }
    // A form came from the page before it, whose origin the browser tells.
    let origin = request.header(header::ORIGIN).to_owned();
    if let Ok(origin) = CorsOrigin::try_from(origin) {
        return origin.as_str().to_owned();
    }
    let host = request.header(header::HOST);
    let scheme = if request.site.cookies.secure(request.browser.headers()) {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{host}")
}

/// True when the browser seems to have asked over plain HTTP, where it keeps none of our cookies:
/// whatever is typed into a form would be sent in vain, and in clear.
///
/// The server cannot see it, because TLS ends at a proxy. Browsers send `Sec-Fetch-Site` to
/// trustworthy origins alone (W3C Fetch Metadata), so one that has it came by TLS, whatever a proxy
/// in the middle of a chain says of its own part. Browsers from before 2023 never send it: a proxy
/// may vouch for them, and `https=yes` is their way past.
pub(super) fn lacks_https(request: &PageRequest) -> bool {
    let headers = request.browser.headers();
    let said = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_ascii_lowercase()
    };
    if !request.site.cookies.secure(headers) || request.address.query("https") == "yes" {
        return false;
    }
    let scheme = said("x-forwarded-proto");
    let by_tls = headers.contains_key("sec-fetch-site")
        || scheme.contains("https")
        || said("forwarded").contains("proto=https");
    // Programs send neither, and have no address bar.
    !by_tls && (scheme.contains("http") || headers.contains_key("upgrade-insecure-requests"))
}

/// The address of this page over TLS, as far as it is known, and of this page as it is, for a
/// browser that was misjudged.
pub(super) fn https_addresses(request: &PageRequest) -> (Option<String>, String) {
    let whole = request.own_address().unwrap_or("/sign-in");
    let join = if whole.contains('?') { '&' } else { '?' };
    let anyway = format!("{whole}{join}https=yes");
    let configured = request.site.public_url.as_deref();
    let origin = match configured.filter(|url| url.starts_with("https://")) {
        Some(url) => Some(url.to_owned()),
        // A port other than the default one speaks TLS only by chance.
        None => host(request.browser.headers())
            .filter(|host| host.port().is_none())
            .map(|host| format!("https://{}", host.name())),
    };
    (origin.map(|origin| format!("{origin}{whole}")), anyway)
}
