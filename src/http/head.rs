//! Checks of a request's head that come before everything else (RFC 9112): it names one host, and
//! gives one length of the body. Request smuggling needs a request that two servers read differently.

use poem::Request;
use poem::http::{HeaderMap, Method, Version, header};

use super::code::Code;
use super::problem::Problem;
use crate::config::HostPort;

/// Marks a request whose head has both `Content-Length` and `Transfer-Encoding`: hyper drops the
/// former, so the listener notes it in the request's data.
#[derive(Clone, Copy, Debug)]
pub struct TwoLengths;

/// Refuses a head that can be read in two ways, or whose host is not valid.
///
/// # Errors
/// `invalid_request`: no or more than one `Host` (RFC 9112 section 3.2), a host that
/// [`HostPort`] does not take, a target of another authority than `Host` (section 3.2.2), a target
/// that asks for a tunnel (section 3.2.3), or two lengths (section 6.3).
pub fn check(request: &Request) -> Result<(), Problem> {
    let wrong = |detail: &str| Err(Problem::new(Code::InvalidRequest, detail));
    if request.data::<TwoLengths>().is_some() {
        return wrong("the headers Content-Length and Transfer-Encoding must not be sent together");
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        // HTTP/1.0 had no such header.
        (None, _) if request.version() < Version::HTTP_11 => None,
        (None, _) => return wrong("the header Host is missing"),
        (Some(_), Some(_)) => return wrong("there is more than one header Host"),
        (Some(host), None) => match host.to_str().ok().and_then(HostPort::parse) {
            Some(host) => Some(host),
            None => return wrong("the header Host has no host name or IP address"),
        },
    };
    if request.method() == Method::CONNECT {
        return wrong("this server is not a proxy");
    }
    let Some(authority) = request.uri().authority() else {
        return Ok(());
    };
    match HostPort::parse(authority.as_str()) {
        Some(target) if host.is_none_or(|host| host.to_string() == target.to_string()) => Ok(()),
        _ => wrong("the address is of another host than the header Host"),
    }
}

/// The host that a request names.
#[must_use]
pub fn host(headers: &HeaderMap) -> Option<HostPort<'_>> {
    HostPort::parse(headers.get(header::HOST)?.to_str().ok()?)
}

#[cfg(test)]
mod tests;
