//! URLs of databases that are taken, and what is refused without a quote.

use super::*;

#[test]
fn engines_go_by_scheme() {
    let engine = |url: &str| DatabaseUrl::try_from(url.to_owned()).map(|url| url.engine());
    assert_eq!(engine(DatabaseUrl::DEFAULT), Ok(Engine::Sqlite));
    assert_eq!(
        engine("sqlite:///var/lib/aura/aura.db?mode=rwc"),
        Ok(Engine::Sqlite)
    );
    assert_eq!(engine("postgresql://a:b@db/aura"), Ok(Engine::Postgres));
    for wrong in [
        "mysql://db/aura",
        "aura.db",
        "sqlite:",
        "sqlite::memory:",
        "sqlite://x?mode=memory",
        "sqlite://?mode=rwc",
        "postgres",
    ] {
        assert!(engine(wrong).is_err(), "{wrong}");
    }
}

fn fault(url: &str) -> &'static str {
    let fault = DatabaseUrl::try_from(url.to_owned()).expect_err(url);
    assert!(!fault.contains("canary"), "{fault}");
    fault
}

#[test]
fn every_host_is_a_server_of_the_driver() {
    let url = "postgres://u:p%40ss@h1,h2:5433,[fd00::1]:5434/d\
               ?target_session_attrs=read-write&sslmode=require";
    let url = DatabaseUrl::try_from(url.to_owned()).unwrap();
    let servers = url.servers().unwrap();
    let hosts: Vec<_> = servers
        .iter()
        .map(|it| (it.get_host(), it.get_port()))
        .collect();
    assert_eq!(hosts, [("h1", 5432), ("h2", 5433), ("fd00::1", 5434)]);
    for server in servers {
        assert_eq!(server.get_database(), Some("d"));
        assert!(matches!(
            server.get_ssl_mode(),
            sqlx::postgres::PgSslMode::Require
        ));
    }
    for socket in [
        "postgres:///d?host=/run/postgresql",
        "postgres://u@%2Frun%2Fpg/d",
    ] {
        let url = DatabaseUrl::try_from(socket.to_owned()).unwrap();
        assert!(url.servers().unwrap()[0].get_socket().is_some(), "{socket}");
    }
}

#[test]
fn what_the_driver_refuses_or_would_log_is_a_fault_that_quotes_nothing() {
    for (url, words) in [
        ("postgres://u:can#ary@h/d", "%23"),
        ("postgres://u:can/ary@h/d", "percent-encode"),
        ("postgres://u:can?ary@h/d", "percent-encode"),
        ("postgres://u:p@h:canary/d", "percent-encode"),
        ("postgres://u:can@ary@h/d", "%40"),
        ("postgres://u:5432/canary@h/d", "%40"),
        ("postgres://u:5432?user=canary@h/d", "%40"),
        ("postgres://u:p@h1,,h2/d", "several hosts"),
        ("postgres://u:p@,h/d", "several hosts"),
        ("postgres://u:p@h/d?canary=1", "does not know"),
        ("postgres://u:p@h/d?passwort=canary", "does not know"),
        ("postgres://u:p@h/d?options[canary=1", "does not know"),
        ("postgres://u:p@h/d?channel_binding=require", "verify-full"),
        ("postgres://u:p@h/d?channel%5fbinding=canary", "verify-full"),
        ("postgres://u:p@h/d?host=can%20ary", "not a host"),
        ("postgres://u:p@h/d?sslmode=canary", "cannot be used"),
        ("postgres://u:p@h/d?port=canary", "cannot be used"),
        ("postgres://h/d?target_session_attrs=standby", "writes"),
        ("postgres:///d?host=h1,h2", "before the path"),
        ("postgres://h/d?sslcert=/canary.pem", "both or neither"),
        (
            "postgres://h/d?sslkey=-----BEGIN%20canary",
            "write it into a file",
        ),
        ("postgres://h/d?sslrootcert=/ca.pem", "verify-full"),
        (
            "postgres://h/d?sslmode=require&sslrootcert=/ca.pem",
            "verify-full",
        ),
        (
            "postgres://h/d?sslmode=verify-full&sslmode=disable",
            "twice",
        ),
        (
            "postgres://h/d?sslmode=verify-full&ssl%2Dmode=disable",
            "twice",
        ),
        ("postgres://h/d?sslrootcert=/a&ssl-ca=/b", "twice"),
        ("postgres://h/d?options[a]=1&options%5Ba%5D=2", "twice"),
        ("postgres://u:p@h/can%00ary", "control character"),
        ("postgres://can%00ary@h/d", "control character"),
        ("postgres://u:can%0aary@h/d", "control character"),
        (
            "postgres://h/d?application_name=can%00ary",
            "control character",
        ),
        (
            "postgres://h/d?application_name=can%C2%85ary",
            "control character",
        ),
        ("postgres://u:p@2852039166/d", "cannot be"),
        ("postgres:///d?host=0xa9fea9fe", "not a host"),
        ("sqlite://%00canary", "control character"),
        ("sqlite://x?mode=rwc&mode=ro", "twice"),
        ("sqlite://u:canary@h/x.db", "%40"),
        ("sqlite:u:canary@h/x.db", "%40"),
        ("sqlite://u:can/ary@h/x.db", "%40"),
        ("sqlite://u:can?ary@h/x.db", "%40"),
        ("sqlite://aura.db?canary=1", "SQLite"),
        ("sqlite://aura.db?mode=canary", "SQLite"),
    ] {
        let fault = fault(url);
        assert!(fault.contains(words), "{url}: {fault}");
    }
    for good in [
        "postgres://u:p%40ss@h/d?channel_binding=prefer",
        "postgres://h/d?host=[::1]&target%5fsession_attrs=any&options[lock_timeout]=1s",
        "postgres://h/d?sslmode=verify-full&sslrootcert=/a&sslcert=/b&sslkey=/c",
        "postgres://h/d?application_name=aura&options=-csearch_path%3Dx",
        "postgres://h/d?options[a]=1&options[b]=2&host=h&hostaddr=10.0.0.1",
        "sqlite:///home/me@example.com/aura.db",
        "sqlite://me%40example.com.db",
    ] {
        assert!(DatabaseUrl::try_from(good.to_owned()).is_ok(), "{good}");
    }
}
