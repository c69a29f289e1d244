//! Unit tests of `redis`.

use super::*;

fn shown(error: impl Into<RedisError>) -> String {
    outage("redis:6379", false, Some("s3cret-canary"), &error.into()).to_string()
}

#[test]
fn each_error_names_address_and_cause() {
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    assert!(shown(refused).starts_with("redis:6379: connection refused; check"));
    let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
    assert!(shown(late).starts_with("redis:6379: no answer in time; "));
    let late = std::io::Error::from(std::io::ErrorKind::TimedOut).into();
    let late = outage("redis:6379", true, None, &late).to_string();
    assert!(late.contains("check that it speaks TLS"), "{late}");
    let unknown = "invalid peer certificate: UnknownIssuer";
    let unknown = shown(std::io::Error::other(unknown));
    assert!(
        unknown.contains("unknown authority; name it by"),
        "{unknown}"
    );
    let wrong = (
        ErrorKind::AuthenticationFailed,
        "Password authentication failed",
    );
    assert!(shown(wrong).contains("wrong user or password; check the user"));
}

#[test]
fn what_redis_repeats_of_a_command_is_left_out() {
    let kind = ErrorKind::Server(ServerErrorKind::ResponseError);
    let detail = "unknown command `HELLO`, with args beginning with: `3` `AUTH` `s3cret`";
    let unknown = shown((kind, "An error was signalled", detail.to_owned()));
    assert_eq!(unknown, "redis:6379: unknown command `HELLO`");
    let detail = "no user with password s3cret-canary".to_owned();
    let masked = shown((kind, "An error was signalled", detail));
    assert!(!masked.contains("canary"), "{masked}");
}
