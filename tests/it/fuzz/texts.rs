//! Readers of short texts that are called directly, beside another reader of the same text where there
//! is one.

use std::net::IpAddr;

use aura::http::client_address::client_address;
use aura::http::{Fields, FormFields, NextHosts, Problem};
use aura::identity::{Email, search_key};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::{Subject, Target};

/// An error says less than this, whatever it refuses.
const LONGEST_PROBLEM: usize = 32 * 1024;

/// A body of JSON: its texts are those that another parser reads.
pub(super) const JSON: Target = Target {
    name: "json_bodies",
    most_bytes: 64 * 1024,
    millis: 100,
    millis_per_mib: 2_000,
    words: &[
        r#""email":"#,
        r#""password":"#,
        r#""roles":"#,
        r#"["a","b"]"#,
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "true",
        r#""\u0000""#,
        r#""\ud800""#,
        r#""\ud83d\ude00""#,
    ],
    start: || Box::new(Json),
};

/// A form: its parameters are those that a browser's reader reads.
pub(super) const FORMS: Target = Target {
    name: "forms",
    most_bytes: 64 * 1024,
    millis: 100,
    millis_per_mib: 2_000,
    words: &[
        "&",
        "=",
        "+",
        "%",
        "%00",
        "%2",
        "%26",
        "%C3%A9",
        "%FF",
        "grant_type=",
        "&a=1",
    ],
    start: || Box::new(Forms),
};

/// Where a sign-in leads: as a browser understands it, to this server or a listed host.
pub(super) const NEXT: Target = Target {
    name: "next",
    most_bytes: 16 * 1024,
    millis: 50,
    millis_per_mib: 500,
    words: &[
        "/",
        "//",
        "\\",
        "https://",
        "http://",
        "app.example.com",
        ":443",
        ":8443",
        "@",
        "#",
        "?",
        "%2f",
        "%5c",
        "..",
        "javascript:",
        "localhost:8080",
        "evil.example",
        "\t",
        "\n",
        "xn--",
        "[::1]",
    ],
    start: || Box::new(Next(NextHosts::new(HOSTS.map(str::to_owned).into()))),
};

/// `X-Forwarded-For`, a line each: what a client writes to the left of the truth changes nothing.
pub(super) const ADDRESSES: Target = Target {
    name: "addresses",
    most_bytes: 64 * 1024,
    millis: 50,
    millis_per_mib: 1_000,
    words: &[
        "10.0.0.1",
        "198.51.100.7",
        "2001:db8::1",
        "[2001:db8::1]:443",
        "::ffff:10.0.0.1",
        ",",
        ", ",
        "\n",
        ":80",
        "unknown",
        "_hidden",
        "for=",
        "127.1",
        "0x7f.1",
        "%25eth0",
        "[",
        "]",
    ],
    start: || Box::new(Addresses),
};

/// An e-mail: its key is ASCII and is read as itself, and so is what people are shown of it.
pub(super) const EMAILS: Target = Target {
    name: "emails",
    most_bytes: 16 * 1024,
    millis: 100,
    millis_per_mib: 4_000,
    words: &[
        "@",
        ".",
        "。",
        "-",
        "xn--",
        "xn--mller-kva",
        "ü",
        "u\u{308}",
        "ß",
        "\u{ad}",
        "\u{200b}",
        "\u{202e}",
        "\u{a0}",
        "א",
        "ا",
        "аррӏе",
        "日本",
        "𝒶",
        "ａ",
        "\0",
        "\n",
    ],
    start: || Box::new(Emails),
};

const HOSTS: [&str; 3] = ["app.example.com", "wiki.example.com:8443", "localhost:8080"];

/// The kind of a refusal, which must be short.
fn refused(problem: &Problem) -> Result<String, String> {
    let length = problem.detail.len()
        + problem
            .errors
            .iter()
            .map(|error| error.field.len() + error.message.len())
            .sum::<usize>();
    if length > LONGEST_PROBLEM {
        return Err(format!("an error of {length} bytes"));
    }
    let codes: Vec<&str> = problem
        .errors
        .iter()
        .map(|error| error.code)
        .take(3)
        .collect();
    Ok(format!("{} {codes:?}", problem.code.as_str()))
}

struct Json;

impl Subject for Json {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let mut fields = match Fields::parse(input) {
            Ok(fields) => fields,
            Err(problem) => return refused(&problem),
        };
        let Ok(Value::Object(members)) = serde_json::from_slice(input) else {
            return Err("what is no object of JSON was taken".to_owned());
        };
        for name in ["email", "password"] {
            let text = fields.text(name);
            let meant = members
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default();
            if text != meant && !meant.contains('\0') {
                return Err(format!("{name} is {text:?} here and {meant:?} elsewhere"));
            }
        }
        fields.texts_or_none("roles");
        match fields.finish() {
            Ok(()) if members.len() <= 3 => Ok("taken".to_owned()),
            Ok(()) => Err("an unknown field was taken".to_owned()),
            Err(problem) => refused(&problem),
        }
    }
}

struct Forms;

impl Subject for Forms {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let mut fields = match FormFields::parse(input) {
            Ok(fields) => fields,
            Err(problem) => return refused(&problem),
        };
        let mut url = Url::parse("https://example.com/").expect("a URL");
        // A URL escapes what a form may hold in clear.
        let plain = |byte: &u8| byte.is_ascii_graphic() && !b"#\"'<>".contains(byte);
        if !input.iter().all(plain) {
            return Ok("taken, and no URL".to_owned());
        }
        url.set_query(Some(std::str::from_utf8(input).expect("ASCII")));
        for (name, meant) in url.query_pairs() {
            let value = fields.take(&name).unwrap_or_default();
            if value != meant {
                return Err(format!(
                    "{name:?} is {value:?} here and {meant:?} elsewhere"
                ));
            }
        }
        Ok("taken".to_owned())
    }
}

struct Next(NextHosts);

impl Subject for Next {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(input);
        let Some(next) = self.0.allowed(&text) else {
            return Ok("refused".to_owned());
        };
        let here = Url::parse("https://auth.example.org/sign-in").expect("a URL");
        // A browser stays where it is when it cannot read an address.
        let Ok(to) = here.join(next) else {
            return Ok("allowed, and no URL".to_owned());
        };
        if to.origin() == here.origin() {
            return Ok("a page of ours".to_owned());
        }
        // The dot of the root makes no other host.
        let host = to.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        let authority = to
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let secure = to.scheme() == "https" || to.scheme() == "http" && host == "localhost";
        if secure && HOSTS.contains(&authority.as_str()) && to.username().is_empty() {
            return Ok(format!("{}, listed", to.scheme()));
        }
        Err(format!("leads to {to}"))
    }
}

struct Addresses;

impl Addresses {
    fn client(peer: &str, lines: &[&[u8]]) -> (IpAddr, bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append("x-forwarded-for", value);
            }
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network"));
        let peer: IpAddr = peer.parse().expect("an address");
        let client = client_address(peer, &headers, &trusted).address;
        let ours = trusted.iter().any(|net| net.contains(&client));
        (client, ours)
    }
}

impl Subject for Addresses {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
        let (stranger, _) = Self::client("203.0.113.9", &lines);
        if stranger.to_string() != "203.0.113.9" {
            return Err(format!("a stranger speaks for {stranger}"));
        }
        let (client, ours) = Self::client("10.0.0.2", &lines);
        if ours {
            return Ok("a proxy".to_owned());
        }
        // The client's own words stand on the left, and on lines before.
        let longer = [&b"192.0.2.66, "[..], lines[0]].concat();
        let mut written: Vec<&[u8]> = vec![b"192.0.2.99"];
        written.push(&longer);
        written.extend(&lines[1..]);
        let (again, _) = Self::client("10.0.0.2", &written);
        if again != client {
            return Err(format!("{client} is {again} once it says so itself"));
        }
        Ok(format!(
            "a client, IPv{}",
            if client.is_ipv4() { 4 } else { 6 }
        ))
    }
}

struct Emails;

impl Subject for Emails {
    fn feed(&mut self, input: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(input);
        let found = search_key(&text);
        let Ok(email) = Email::try_from(&*text) else {
            return Ok(format!("refused, {}", Email::try_from(&*found).is_ok()));
        };
        let key = email.as_str();
        let plain = key
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase());
        if !plain || key.len() > 254 || key.matches('@').count() != 1 {
            return Err(format!("the key {key:?}"));
        }
        let shown = email.shown();
        for again in [key, &shown, &found] {
            if Email::try_from(again).as_ref() != Ok(&email) {
                return Err(format!("{again:?} is not {key:?}"));
            }
        }
        let international = key.contains("xn--");
        Ok(format!("taken, {international}, {}", shown == key))
    }
}
