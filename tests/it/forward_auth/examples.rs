//! The examples for gateways that are not run: they are YAML, and hold what the page speaks of.

use serde_json::Value;

use super::gateway::block;

fn read(language: &str) -> Value {
    let value = serde_saphyr::from_str(&block(language));
    value.unwrap_or_else(|error| panic!("{language}: {error}"))
}

#[test]
fn every_router_of_traefik_names_what_exists() {
    let http = &read("yaml traefik")["http"];
    for (name, router) in http["routers"].as_object().expect("routers") {
        let service = router["service"].as_str().expect("a service");
        assert!(http["services"][service].is_object(), "{name}: {service}");
        let rule = router["rule"].as_str().expect("a rule");
        assert!(rule.starts_with("Host(`"), "{name}: {rule}");
        for middleware in router["middlewares"].as_array().into_iter().flatten() {
            let middleware = middleware.as_str().expect("a name");
            assert!(
                http["middlewares"][middleware].is_object(),
                "{name}: {middleware}"
            );
        }
    }
    for name in ["aura", "aura-staff"] {
        let auth = &http["middlewares"][name]["forwardAuth"];
        let address = auth["address"].as_str().expect("an address");
        assert!(address.contains("/auth/verify"), "{address}");
        let sent = auth["authRequestHeaders"].to_string();
        for header in ["Accept", "Authorization", "Cookie"] {
            assert!(sent.contains(header), "{name}: {sent}");
        }
    }
}

#[test]
fn the_filters_of_envoy_stand_in_their_order() {
    let envoy = read("yaml envoy");
    let filters = envoy["http_filters"].as_array().expect("filters");
    let names: Vec<&str> = filters
        .iter()
        .filter_map(|filter| filter["name"].as_str())
        .collect();
    let filter = |name: &str| format!("envoy.filters.http.{name}");
    assert_eq!(names, [filter("header_mutation"), filter("ext_authz")]);
    for filter in filters {
        let kind = filter["typed_config"]["@type"].as_str().expect("a type");
        assert!(kind.starts_with("type.googleapis.com/envoy.extensions.filters.http."));
    }
    let route = &read("yaml envoy-preflights")[0];
    let off = &route["typed_per_filter_config"]["envoy.filters.http.ext_authz"];
    assert_eq!(off["disabled"], true, "{route:#}");
    assert_eq!(route["match"]["headers"].as_array().map(Vec::len), Some(3));
}
