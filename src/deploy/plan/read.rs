//! The text of `deploy.toml`, or of `service.toml`, to its typed form, all faults at once.
//!
//! As the loader of the settings does it: serde builds the value, and whatever it refuses is noted,
//! taken out so that its default holds, and serde goes again.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::report::{Path, Report, is_plain};
use super::tree;
use crate::schema::{self, FaultKind, Faults};

/// What `text` says, and a report that already has the faults of single values.
///
/// # Errors
/// The faults of the syntax: where it is no TOML, nothing else can be said of it.
pub(in crate::deploy) fn read<T: DeserializeOwned + Default>(
    file: &str,
    text: &str,
) -> Result<(T, Report), Faults> {
    let mut report = Report::of(file);
    let Some(mut tree) = tree::parse(schema::without_mark(text), &mut report) else {
        report.finish(false)?;
        return Ok((T::default(), Report::of(file)));
    };
    let mut taken = Taken::default();
    // Each round takes something out of the tree, so this ends.
    while !report.is_full() {
        let error = match serde_path_to_error::deserialize::<_, T>(&tree) {
            Ok(file) => return Ok((file, report)),
            Err(error) => error,
        };
        let path = path(&error);
        let message = error.into_inner().to_string();
        let Some(given) = taken.remove(&mut tree, &path) else {
            // Nothing is required, so this is a mistake in the types, not in the file.
            report.refuse(FaultKind::Invalid, &[], "cannot be read", "");
            return Ok((T::default(), report));
        };
        let written = taken.as_written(&path);
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let (problem, remedy) = in_words(&written, &given, &message);
        report.refuse(FaultKind::Invalid, &written, problem, remedy);
    }
    Ok((T::default(), report))
}

/// The keys that lead to what was refused.
fn path(error: &serde_path_to_error::Error<serde_json::Error>) -> Path {
    error
        .path()
        .iter()
        .map_while(|segment| match segment {
            Segment::Map { key } => Some(key.clone()),
            Segment::Seq { index } => Some(format!("[{index}]")),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Entries that were taken out of lists: those behind them have moved up since.
#[derive(Default)]
struct Taken(BTreeMap<Path, Vec<usize>>);

impl Taken {
    /// Takes what is at `path` out of `tree`.
    fn remove(&mut self, tree: &mut Value, path: &[String]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        let parent = parents
            .iter()
            .try_fold(tree, |node, key| match index(key) {
                Some(at) if node.is_array() => node.get_mut(at),
                _ => node.get_mut(key.as_str()),
            })?;
        match parent {
            Value::Object(map) => map.shift_remove(last),
            Value::Array(items) => {
                let at = index(last).filter(|at| *at < items.len())?;
                let given = items.remove(at);
                let original = self.original(parents, at);
                self.0.entry(parents.to_vec()).or_default().push(original);
                Some(given)
            }
            _ => None,
        }
    }

    /// The `path` of what was just removed, as it was in the file.
    fn as_written(&self, path: &[String]) -> Path {
        let mut path = path.to_vec();
        if let Some((last, parents)) = path.split_last_mut()
            && let Some(original) = self.0.get(&*parents).and_then(|taken| taken.last())
        {
            *last = format!("[{original}]");
        }
        path
    }

    /// Where the entry that is now at `at` was in the file.
    fn original(&self, list: &[String], at: usize) -> usize {
        let mut taken = self.0.get(list).cloned().unwrap_or_default();
        taken.sort_unstable();
        taken
            .into_iter()
            .fold(at, |at, gone| if gone <= at { at + 1 } else { at })
    }
}

fn index(key: &str) -> Option<usize> {
    key.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// What serde refused, as problem and remedy. Its own words quote values, and anybody may have
/// written a password anywhere, so those are never passed on.
fn in_words(path: &[&str], given: &Value, message: &str) -> (String, String) {
    let (first, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let key = path.last().copied().unwrap_or_default();
    if first.starts_with("unknown field ") {
        return ("is not known here".to_owned(), meant(key, expected));
    }
    if first.starts_with("unknown variant ") {
        let given = given.as_str().unwrap_or_default();
        let problem = if is_plain(given) {
            format!("is {given:?}, which does not exist")
        } else {
            "does not exist".to_owned()
        };
        return (problem, meant(given, expected));
    }
    if first.starts_with("invalid type: ") || first.starts_with("invalid value: ") {
        let expected = type_name(path, expected);
        let problem = format!("is {}, and must be {expected}", kind(given));
        return (problem, String::new());
    }
    match message.rsplit_once("; ") {
        Some((problem, remedy)) => (spoken(problem), remedy.to_owned()),
        None => (spoken(message), String::new()),
    }
}

/// A number out of range is the one refusal that begins with the value itself.
fn spoken(problem: &str) -> String {
    match problem.split_once(" is out of range") {
        Some((number, _)) => format!("is {number}, which is out of range"),
        None => problem.to_owned(),
    }
}

/// The name that was meant, and all that there are; `expected` holds them between back quotes.
fn meant(name: &str, expected: &str) -> String {
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    remedy(name, &known)
}

/// "Did you mean", and what there is.
pub(super) fn remedy(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "take it out".to_owned();
    }
    let all = known.join(", ");
    match schema::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}? There are {all}"),
        None => format!("there are {all}"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// What serde expected, in the words of TOML.
fn type_name(path: &[&str], expected: &str) -> &'static str {
    match expected {
        "a string" => "text in quotes",
        "a sequence" => "a list",
        "i64" | "u32" => "a whole number",
        "a boolean" => "true or false",
        "string or map" if path.contains(&"components") => "the name of a component",
        "string or map" => "one of the words that there are",
        _ => "a table",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::deploy::plan::Plan;
    use crate::deploy::plan::example::{fault, faults, service};

    #[test]
    fn after_two_hundred_faults_no_more_are_looked_for() {
        let lines: Vec<String> = (0..5_000).map(|n| format!("a{n} = 1")).collect();
        let told = faults(&lines.join("\n"));
        assert_eq!(told.len(), 201);
        assert_eq!(
            told.last().map(String::as_str),
            Some("deploy.toml: has more faults than these; mend these first")
        );
    }

    #[test]
    fn every_fault_comes_at_once_with_line_and_column() {
        let text = r#"
imagee = "x"
image = "aura:latest"

[environments.prodution]
replicas = 2

[environments.staging]
  replicas = 0
  namespace = "Up"
  components = ["network-policy", "hha", 7, "gatway"]
  max_replicas = "many"
  host = ["a"]

[environments.production]
resources.limits = { cpu = "1", memory = "5Kb", disk = "1" }
settings.LOG_LEVEL = "loud"
settings.REDIS_ENABLE = true
"#;
        assert_eq!(
            faults(text),
            [
                "deploy.toml:2:1 imagee: is not known here; did you mean image? There are image, \
                 network, environments",
                "deploy.toml:3:1 image: has the tag latest, which stands for another image every \
                 week: what runs would depend on when a node pulled it; name a version",
                "deploy.toml:5:15 environments.prodution: is no environment of this service; did \
                 you mean production? There are development, staging, production",
                "deploy.toml:9:3 environments.staging.replicas: is 0, which is out of range; \
                 allowed: 1 to 1000",
                "deploy.toml:10:3 environments.staging.namespace: is \"Up\", which is no DNS label: \
                 it has capital letters; write it like shop-staging",
                "deploy.toml:11:35 environments.staging.components[1]: is \"hha\", which does not \
                 exist; there are migrate-job, secret-files, external-secret, sealed-secret, ha, \
                 network-policy, gateway, ingress, monitoring",
                "deploy.toml:11:42 environments.staging.components[2]: is a number, and must be the \
                 name of a component",
                "deploy.toml:11:45 environments.staging.components[3]: is \"gatway\", which does not \
                 exist; did you mean gateway? There are migrate-job, secret-files, \
                 external-secret, sealed-secret, ha, network-policy, gateway, ingress, monitoring",
                "deploy.toml:12:3 environments.staging.max_replicas: is text, and must be a whole \
                 number",
                "deploy.toml:13:3 environments.staging.host: is a list, and must be text in quotes",
                "deploy.toml:16:33 environments.production.resources.limits.memory: is \"5Kb\", \
                 which is no Kubernetes quantity; write it like 100m (of a CPU) or 128Mi",
                "deploy.toml:16:49 environments.production.resources.limits.disk: is not known \
                 here; there are cpu, memory, ephemeral-storage",
                "deploy.toml:17:10 environments.production.settings.LOG_LEVEL: is \"loud\"; \
                 allowed: debug, info",
                "deploy.toml:18:10 environments.production.settings.REDIS_ENABLE: is no setting; \
                 did you mean REDIS_ENABLED?",
            ]
        );
    }

    #[test]
    fn broken_syntax_is_all_that_is_said() {
        let text = "image = \"Nope\"\n[environments.production\n";
        fault(text, "deploy.toml:2:25: is no TOML: ");
    }

    #[test]
    fn tables_are_asked_for_where_text_stands() {
        for (text, path) in [
            ("environments = 1", "1:1 environments: is a number"),
            (
                "environments.staging = \"x\"",
                "1:14 environments.staging: is text",
            ),
            (
                "environments.staging.backends = \"x\"",
                "1:22 environments.staging.backends: is text",
            ),
        ] {
            let fault = fault(text, &format!("deploy.toml:{path}"));
            assert!(fault.ends_with("must be a table"), "{fault}");
        }
    }

    #[test]
    fn nothing_that_could_be_a_password_is_shown_anywhere() {
        for line in [
            "backends.database = \"postgres://u:canary@db\"",
            "backends.database = \"postgres://u:ca/nary@canary\"",
            "backends.database = \"postgres://db?password=canary\"",
            "backends.database = \"canary\"",
            "backends.upstream = \"https://canary@db/x\"",
            "backends = \"postgres://u:canary@db\"",
            "backends.\"postgres://u:canary@db\" = 1",
            "backends.database = [\"postgres://u:canary@db\"]",
            "settings.DATABASE_URL = \"postgres://u:canary@db\"",
            "settings.DATABASE_URL_FILE = \"canary\"",
            "settings.REDIS_URL = [\"canary\"]",
            "settings.LLM_URL = \"https://u:canary@llm\"",
            "settings.LLM_URL = \"https://canary@llm\"",
            "settings.DATABASE_PASSWORD = \"canary\"",
            "settings = \"canary\"",
            "settings.\"u:canary@db\" = \"x\"",
            "host = \"u:canary@db\"",
            "host = \"https://u:canary@db\"",
            "image = \"u:canary@registry/aura\"",
            "namespace = \"u:canary@db\"",
            "replicas = \"canary\"",
            "passwort = \"canary\"",
            "components = [\"u:canary@db\"]",
            "components = \"canary\"",
            "settings.DATABASE_URL = \"postgres://u:canary@db",
        ] {
            let text = format!("[environments.production]\n{line}\n");
            let faults = faults(&text).join("\n");
            assert!(!faults.contains("canary"), "{line}\n{faults}");
        }
    }

    proptest! {
        #[test]
        fn no_url_with_a_password_is_shown_wherever_it_stands(
            key in "(image|host|namespace|replicas|components|resources|gateway\\.name|backends\\.(database|upstream)|settings\\.(LLM_URL|DATABASE_URL|LOG_LEVEL|RATIO|SERVER_PORT)|settings|[a-z]{3,8})",
            form in "(@|\\[@\\]|\\{ @ = 1 \\}|\\{ x = @ \\})",
            url in "(postgres|https)://[a-z]{0,3}:canary[/?#:]?@[a-z.]{1,6}(/[a-z]{1,3})?",
        ) {
            let value = form.replace('@', &format!("{url:?}"));
            let text = format!("[environments.production]\n{key} = {value}\n");
            if let Err(faults) = Plan::read(&service(), Some(("deploy.toml", &text)), true) {
                prop_assert!(!faults.to_string().contains("canary"), "{text}{faults}");
            } else {
                prop_assert!(false, "nothing is wrong with {text}");
            }
        }
    }
}
