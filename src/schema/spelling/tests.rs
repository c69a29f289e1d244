//! Unit tests of `spelling`.

use super::*;

fn path(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

#[test]
fn a_name_follows_from_path_prefix_and_delimiter() {
    let mut spelling = Spelling::default();
    assert_eq!(spelling.name(&path("jwt.secret-key")), "JWT_SECRET_KEY");
    spelling.prefix = "Shop_".to_owned();
    spelling.delimiter = "__".to_owned();
    assert_eq!(spelling.name(&path("db.pool_size")), "SHOP_DB__POOL_SIZE");
    spelling.case_sensitive = true;
    assert_eq!(spelling.name(&path("db.pool_size")), "Shop_db__pool_size");
    let url = ("db.url".to_owned(), "DATABASE_URL".to_owned());
    spelling.names = [url].into();
    assert_eq!(spelling.name(&path("db.url")), "DATABASE_URL");
}

#[test]
fn names_that_the_system_reads_are_known() {
    for name in [
        "PATH",
        "HOME",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "LC_ALL",
        "PYTHONPATH",
        "PYTHON_GIL",
        "PYTHON_CPU_COUNT",
        "RUBYOPT",
        "_JAVA_OPTIONS",
        "KUBERNETES_SERVICE_HOST",
    ] {
        assert!(is_of_the_system(name), "{name}");
    }
    for name in [
        "LOG_PATH",
        "LDAP_URL",
        "PYTHON_VERSION",
        "PATHS",
        "HOST",
        "ENV",
        "HTTP_PROXY",
        "SSL_CERT_FILE",
    ] {
        assert!(!is_of_the_system(name), "{name}");
    }
    assert!(is_variable("A_1") && !is_variable("1A") && !is_variable("a.b"));
}
