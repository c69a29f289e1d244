//! Unit tests of `memory`.

use super::*;

fn config(variables: &[(&str, &str)]) -> Config {
    let loader = Config::loader(variables.iter().copied().collect()).unwrap();
    Config::load(&loader).unwrap().value
}

#[test]
fn the_worst_case_of_the_defaults_fits_the_production_manifest() {
    let granted = production_memory();
    assert_eq!(granted, 512 * MIB);
    for variables in [
        vec![],
        vec![("DATABASE_URL", "postgres://aura@db/aura")],
        vec![("REDIS_ENABLED", "false")],
        vec![
            ("SERVER_MAX_HEADER_BYTES", "65536"),
            ("SERVER_MAX_CONNECTIONS", "1500"),
        ],
        vec![("LLM_UPSTREAM_URL", "https://api.openai.com/v1")],
    ] {
        let config = config(&variables);
        assert_eq!(
            advice(&config, granted),
            None,
            "{variables:?}: {:#?}",
            parts(&config)
        );
    }
}

#[test]
fn settings_that_break_it_are_told_with_the_part_that_does() {
    let granted = production_memory();
    for (setting, value) in [
        ("SERVER_MAX_CONNECTIONS", "100000"),
        ("SERVER_BODY_MEMORY_BYTES", "1073741824"),
        ("SERVER_MAX_HEADER_BYTES", "65536"),
        ("DATABASE_MAX_CONNECTIONS", "1000"),
    ] {
        let told = advice(&config(&[(setting, value)]), granted).unwrap();
        assert_eq!(told.name, setting);
        assert!(told.problem.contains("it is granted 512 MiB"), "{told}");
    }
    assert_eq!(
        advice(&config(&[("SERVER_MAX_CONNECTIONS", "100")]), 256 * MIB),
        None
    );
}
