//! Unit tests of `secret`.

use super::*;
use crate::deploy::kubernetes::example;

fn base(service: &Service) -> String {
    let mut folder = Folder::kustomization("base");
    add(service, &mut folder);
    folder.text(FILE).to_owned()
}

#[test]
fn the_template_has_placeholders_and_comments_only() {
    let text = base(&example::project().service);
    let tail = text.split_once("stringData:\n").unwrap().1;
    assert_eq!(
        tail,
        "  DATABASE_URL: \"__AURA_SET_ME__\"\n  JWT_SECRET_KEY: \"__AURA_SET_ME__\"\n  \
             REDIS_URL: \"__AURA_SET_ME__\"\n  # LLM_UPSTREAM_API_KEY: The key of the upstream.\n"
    );
}

#[test]
fn embedded_backends_need_no_secret() {
    let project = example::project();
    let development = &project.plan.environments[0];
    let data = patch(&project.service, development).unwrap().string_data;
    assert_eq!(data.unwrap()["DATABASE_URL"], "sqlite://demo.db");
    let names: Vec<_> = needed_in(&project.service, development)
        .map(|setting| setting.name.as_str())
        .collect();
    assert_eq!(names, ["REDIS_URL"]);
    assert!(patch(&project.service, &project.plan.environments[2]).is_none());
    let mut development = development.clone();
    development.replicas = 2;
    let mut needed = needed_in(&project.service, &development);
    assert!(needed.any(|setting| setting.name == "JWT_SECRET_KEY"));
}

#[test]
fn an_environment_needs_what_its_settings_ask_for() {
    let mut project = example::project();
    let mut schema = project.service.schema.clone();
    schema["properties"]["llm"]["properties"]["upstream_api_key"]["x-required-when"] =
        serde_json::json!({ "LLM_UPSTREAM_URL": true });
    project.service.settings = crate::schema::Settings::from_schema(&schema).unwrap();
    let production = &mut project.plan.environments[2];
    let url = ("LLM_UPSTREAM_URL".to_owned(), "https://host".to_owned());
    production.settings.extend([url]);
    let (service, places) = (&project.service, &project.plan.environments);
    let needs = |place| needed_in(service, place).any(|it| it.name == "LLM_UPSTREAM_API_KEY");
    assert!(needs(&places[2]) && !needs(&places[1]));
    assert!(others_in(service, &places[2]).is_some());
    let data = patch(service, &places[2]).unwrap().string_data.unwrap();
    assert_eq!(data["LLM_UPSTREAM_API_KEY"], SET_ME);
}

#[test]
fn a_backend_of_one_environment_needs_its_secret_there_only() {
    let mut project = example::project();
    let mut kind = project.service.backends[1].clone();
    kind.name = "upstream".to_owned();
    kind.setting = "LLM_UPSTREAM_API_KEY".to_owned();
    kind.default = None;
    project.service.backends.push(kind);
    let (service, places) = (&project.service, &project.plan.environments);
    let needs = |place| needed_in(service, place).any(|it| it.name == "LLM_UPSTREAM_API_KEY");
    let production = places.iter().find(|place| place.name == "production");
    let production = production.unwrap();
    assert!(needs(production));
    assert!(others_in(service, production).is_some());
    let data = patch(service, production).unwrap().string_data.unwrap();
    assert_eq!(data["LLM_UPSTREAM_API_KEY"], SET_ME);
    assert!(!needs(&places[1]));
    assert!(others_in(service, &places[1]).is_none());
    assert!(!base(service).contains("LLM_UPSTREAM_API_KEY: \""));
}
