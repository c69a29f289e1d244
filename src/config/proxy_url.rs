//! [`ProxyUrl`]: where a forward proxy listens, and who may use it.

use percent_encoding::percent_decode_str;

use super::host::{CONTROL, HostPort, has_control, secret_url};

/// The URL of a forward proxy; it may carry a password.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: String,
    /// Bytes of the scheme and the two slashes.
    scheme: usize,
    /// Bytes before the host.
    host: usize,
    /// Bytes before the path.
    end: usize,
}

impl ProxyUrl {
    /// Scheme, host and port, without credentials: fit for a log.
    #[must_use]
    pub fn address(&self) -> String {
        let scheme = &self.url[..self.scheme];
        format!("{scheme}{}", &self.url[self.host..self.end])
    }

    /// User and password, decoded; `None` where the URL names no user.
    #[must_use]
    pub fn login(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let login = self.url[self.scheme..self.host].strip_suffix('@')?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let decoded = |text| percent_decode_str(text).collect();
        Some((decoded(user), decoded(password)))
    }
}

impl TryFrom<String> for ProxyUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        let mut schemes = ["http://", "https://"].into_iter();
        let Some(scheme) = schemes.find(|scheme| url.starts_with(scheme)) else {
            return Err("is not a proxy URL; write it like http://HOST:PORT; SOCKS is not spoken");
        };
        let scheme = scheme.len();
        let rest = &url[scheme..];
        let end = scheme + rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // The last @ ends the login: any before it is one of the password, and is refused below.
        let login = url[scheme..end].rfind('@').map_or(0, |at| at + 1);
        let host = scheme + login;
        if login > 0 && url[scheme..host - 1].contains('@') {
            return Err("has two @; percent-encode the one in the password: %40");
        }
        if has_control(&url) {
            return Err(CONTROL);
        }
        if HostPort::parse(&url[host..end]).is_none() {
            return Err(
                "names a host or a port that cannot be; write it like http://HOST:PORT, and \
                 percent-encode any of / ? # @ : in the password",
            );
        }
        if !matches!(&url[end..], "" | "/") {
            return Err(
                "has a path, a query or a fragment; percent-encode any of / ? # @ : in the password, \
                 and end with the port",
            );
        }
        Ok(Self {
            url,
            scheme,
            host,
            end,
        })
    }
}

secret_url!(ProxyUrl, address, |proxy| {
    (proxy.scheme, proxy.host, proxy.end) = (0, 0, 0);
    proxy.url.zeroize();
});

#[cfg(test)]
mod tests;
