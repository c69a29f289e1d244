//! Unit tests of `resources`.

use super::*;
use crate::deploy::plan::example::{environment, refusals};

/// CPU asked for and allowed.
fn cpu(name: &str, lines: &str) -> (String, String) {
    let text = format!("[environments.{name}.resources]\n{lines}");
    let Resources { requests, limits } = environment(&text, name).resources;
    (requests["cpu"].clone(), limits["cpu"].clone())
}

fn pair(asked: &str, allowed: &str) -> (String, String) {
    (asked.to_owned(), allowed.to_owned())
}

#[test]
fn production_gets_what_it_asks_for() {
    assert_eq!(cpu("staging", ""), pair("100m", "500m"));
    assert_eq!(cpu("production", ""), pair("1", "1"));
    assert_eq!(cpu("production", "limits.cpu = \"2\""), pair("2", "2"));
    assert_eq!(cpu("production", "requests.cpu = \"2\""), pair("2", "2"));
}

#[test]
fn one_side_makes_room_for_the_other() {
    assert_eq!(cpu("staging", "limits.cpu = \"50m\""), pair("50m", "50m"));
    assert_eq!(cpu("staging", "limits.cpu = \"2\""), pair("100m", "2"));
    assert_eq!(cpu("staging", "requests.cpu = \"2\""), pair("2", "2"));
    assert_eq!(cpu("staging", "requests.cpu = \"1m\""), pair("1m", "500m"));
}

#[test]
fn half_a_byte_is_a_slip() {
    refusals(
        r#"
        resources.limits.memory = "512m"
          ! 2:18 resources.limits.memory: is 512m, less than 1Mi; write mebibytes as Mi
        "#,
    );
}

#[test]
fn requests_above_limits_are_refused() {
    refusals(
        r#"
        resources = { requests.memory = "1Gi", limits.memory = "1G" }
          ! 2:24 resources.requests.memory: is 1Gi, above its limit 1G
        resources.limits.cpu = "-1"
          ! 2:18 resources.limits.cpu: is "-1", which is not positive
        "#,
    );
}
