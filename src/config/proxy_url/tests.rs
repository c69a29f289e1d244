//! Unit tests of `proxy_url`.

use super::*;

#[test]
fn urls_are_understood_without_being_shown() {
    let login = |user: &str, password: &str| Some((user.into(), password.into()));
    for (url, address, expected) in [
        ("http://proxy:3128", "http://proxy:3128", None),
        ("https://proxy.corp/", "https://proxy.corp", None),
        (
            "http://ann:canary@[fd00::1]:8080",
            "http://[fd00::1]:8080",
            login("ann", "canary"),
        ),
        (
            "http://ann:c%40%3An:y@proxy:1",
            "http://proxy:1",
            login("ann", "c@:n:y"),
        ),
        ("http://ann@proxy:1", "http://proxy:1", login("ann", "")),
    ] {
        let url = ProxyUrl::try_from(url.to_owned()).unwrap();
        assert_eq!((url.address().as_str(), url.login()), (address, expected));
        assert!(!format!("{url:?}").contains("canary"));
    }
    for wrong in [
        "proxy:3128",
        "socks5://proxy:1080",
        "http://",
        "http://:3128",
        "http://proxy:0",
        "http://proxy:3128/path",
        "http://proxy?x",
        "http://u:canary/x@proxy:1",
        "http://u:canary#x@proxy:1",
        "http://u:canary@x@proxy:1",
        "http://a,b",
    ] {
        let fault = ProxyUrl::try_from(wrong.to_owned()).unwrap_err();
        assert!(!fault.contains("canary"), "{wrong}");
    }
}
