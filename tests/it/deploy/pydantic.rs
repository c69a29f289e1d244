//! Random models of pydantic-settings, rendered by `generate --service`: with the values of its
//! ConfigMap, each starts as it does without.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::manifests::tool;
use super::{files, generate, said};

/// Models in one run.
const MODELS: usize = 12;

/// Writes `MODELS` models and their schemas, with defaults of which pydantic would refuse many from a
/// variable.
const WRITE: &str = r#"
import json, pathlib, random, sys
FIELDS = """
Literal[1, 2] = 1
Literal[True] = True
Literal["auto", 5] = 5
int = Field(0, ge=1)
str = Field("", pattern="^https?://")
str = Field("", min_length=1)
str = "a\\x00b"
str = "line\\r\\nline"
StrictInt = 5
StrictBool = True
Optional[int] = None
Union[int, Literal["auto"]] = "auto"
Decimal = Decimal("0.10")
condecimal(decimal_places=2) = Decimal("1.005")
list[int] = [1, 2]
set[str] = {"a"}
dict[str, int] = {"a": 1}
dict[str, int] = Field({}, min_length=1)
tuple[int, str] = (1, "x")
timedelta = timedelta(seconds=5)
Rec = Rec()
Optional[Rec] = None
Sub = Sub()
Sub = Sub(n=3)
Optional[Sub] = None
UUID = UUID(int=7)
bytes = b"x"
Path = Path("/x")
float = float(2 ** 70)
int = 2 ** 80
""".strip().splitlines()
HEAD = """
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import *
from uuid import UUID
from pydantic import *
from pydantic_settings import *
class Rec(BaseModel):
    child: Optional["Rec"] = None
class Sub(BaseModel):
    n: int = Field(0, ge=1)
    m: StrictInt = 2
    label: str = "l"
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__", validate_default=False)
    given: str = "no"
    pool: Sub = Sub(n=3)
"""
chance = random.Random(7)
for at in range(int(sys.argv[2])):
    folder = pathlib.Path(sys.argv[1]) / str(at)
    folder.mkdir()
    chosen = chance.sample(FIELDS, 8) if at else FIELDS
    lines = [f"    f{i}: {line}" for i, line in enumerate(chosen)]
    text = HEAD + "\n".join(lines) + "\n"
    (folder / "model.py").write_text(text)
    scope = {"__name__": f"model{at}"}
    exec(text, scope)
    scope["Settings"].model_rebuild(_types_namespace=scope)
    schema = scope["Settings"].model_json_schema()
    (folder / "schema.json").write_text(json.dumps(schema))
"#;

/// Starts each model with and without its variables, and prints what differs.
const START: &str = r#"
import json, os, pathlib, sys
for at, variables in enumerate(json.load(sys.stdin)):
    scope = {"__name__": f"model{at}"}
    exec((pathlib.Path(sys.argv[1]) / str(at) / "model.py").read_text(), scope)
    scope["Settings"].model_rebuild(_types_namespace=scope)
    bare = scope["Settings"]()
    os.environ.update(variables)
    try:
        found = scope["Settings"]()
    except Exception as error:
        sys.exit(f"{at}: {variables} {error}")
    for name in variables:
        del os.environ[name]
    expected = bare.model_copy(update={
        "given": "yes", "pool": bare.pool.model_copy(update={"label": "x"})})
    if found != expected:
        sys.exit(f"{at}: {variables}: {found!r}, not {expected!r}")
"#;

/// The data of the ConfigMap of production: that of the base, and what the overlay changes.
fn data(out: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in [
        "k8s/base/backend/configmap.yaml",
        "k8s/overlays/production/configmap.yaml",
    ] {
        let text = fs::read_to_string(out.join(path)).expect("a ConfigMap");
        let object: Value = serde_saphyr::from_str(&text).expect("YAML");
        if let Some(data) = object["data"].as_object() {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            all.extend(data.iter().map(|(name, value)| (name.clone(), text(value))));
        }
    }
    all
}

#[tokio::test]
async fn any_model_starts_with_the_values_of_its_config_map() {
    let Some(python) = tool("uvicorn").map(|uvicorn| uvicorn.with_file_name("python")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let write = Command::new(&python)
        .args(["-c", WRITE])
        .arg(root)
        .arg(MODELS.to_string())
        .output();
    let write = write.expect("python");
    assert!(write.status.success(), "{}", said(&write));
    let mut all = Vec::new();
    for at in 0..MODELS {
        let here = root.join(at.to_string());
        let facts = "name = \"shop\"\nversion = \"1\"\nport = 8000\n\
                     settings.schema = \"schema.json\"\n";
        fs::write(here.join("service.toml"), facts).expect("a file");
        let plan = "[environments.production.settings]\nGIVEN = \"yes\"\nPOOL__LABEL = \"x\"\n";
        fs::write(here.join("deploy.toml"), plan).expect("a file");
        let (service, out) = (here.join("service.toml"), here.join("out"));
        let service = service.display().to_string();
        let to = out.display().to_string();
        let plan = here.join("deploy.toml").display().to_string();
        let words = ["all", "--service", &service, "--config", &plan];
        for last in ["--out", "--check"] {
            let done = generate(&[&words[..], &[last, &to]].concat()).await;
            assert!(done.status.success(), "{at}: {}", said(&done));
        }
        for (path, bytes) in files(&out) {
            assert!(!bytes.contains(&b'\r'), "{path}");
        }
        let variables = data(&out);
        // What is given, and what a variable of the section brings with it.
        let expected = [("GIVEN", "yes"), ("POOL__LABEL", "x"), ("POOL__N", "3")];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(variables, expected.into());
        all.push(variables);
    }
    let input = root.join("variables.json");
    fs::write(&input, json!(all).to_string()).expect("a file");
    let start = Command::new(&python)
        .args(["-c", START])
        .arg(root)
        .stdin(fs::File::open(input).expect("a file"))
        .output();
    let start = start.expect("python");
    assert!(start.status.success(), "{}", said(&start));
}

/// Fields, values for them in TOML and in a variable, and whether pydantic takes these.
const VALUES: &[(&str, &str, &str, bool)] = &[
    ("conint(multiple_of=5) = 5", "7", "7", false),
    ("conint(multiple_of=5) = 5", "10", "10", true),
    (
        "dict[str, int] = {}",
        "{ a = \"x\" }",
        r#"{"a":"x"}"#,
        false,
    ),
    ("dict[str, int] = {}", "{ a = \"5\" }", r#"{"a":"5"}"#, true),
    ("Union[int, Literal['auto']] = 1", "\"nope\"", "nope", false),
    ("Union[int, Literal['auto']] = 1", "\"auto\"", "auto", true),
    ("Union[int, list[int]] = 1", "\"[1, 2]\"", "[1, 2]", true),
    (
        "Union[int, list[int]] = 1",
        "\"[1, true]\"",
        "[1, true]",
        true,
    ),
    ("condecimal(decimal_places=2) = 1", "\"1.01\"", "1.01", true),
    ("condecimal(decimal_places=2) = 1", "\"1e1\"", "1e1", true),
    (
        "constr(pattern='^https?://') = 'http://x'",
        "\"x\"",
        "x",
        false,
    ),
    (
        "constr(pattern='^https?://') = 'http://x'",
        "\"https://x\"",
        "https://x",
        true,
    ),
    ("constr(max_length=3) = 'x'", "\"xxxx\"", "xxxx", false),
    ("constr(min_length=1) = 'x'", "\"\"", "", false),
    (
        "conlist(int, max_length=2) = []",
        "[1, 2, 3]",
        "[1,2,3]",
        false,
    ),
    ("conlist(int, max_length=2) = []", "[1, 2]", "[1,2]", true),
    ("list[conint(ge=1)] = []", "[0]", "[0]", false),
    (
        "tuple[int, str] = (1, 'x')",
        "[\"x\", \"x\"]",
        r#"["x","x"]"#,
        false,
    ),
    ("timedelta = 5", "\"PT5S\"", "PT5S", true),
    ("bytes = b''", "\"ä\"", "ä", true),
    ("Optional[conint(ge=1)] = None", "0", "0", false),
    (
        "Optional[dict[str, int]] = None",
        "{ a = 1 }",
        r#"{"a":1}"#,
        true,
    ),
    ("Rec = Rec()", "-", "-", true),
];

/// Writes the schema of the fields in its input, and prints which texts pydantic takes.
const TRY: &str = r#"
import json, os, pathlib, sys
HEAD = """
from datetime import timedelta
from typing import *
from pydantic import *
from pydantic_settings import *
class Rec(BaseModel):
    child: Optional["Rec"] = None
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")
"""
fields = json.load(sys.stdin)
lines = [f"    f{i}: {field}" for i, (field, _) in enumerate(fields)]
scope = {"__name__": "model"}
exec(HEAD + "\n".join(lines), scope)
Settings = scope["Settings"]
Settings.model_rebuild(_types_namespace=scope)
pathlib.Path(sys.argv[1]).write_text(json.dumps(Settings.model_json_schema()))
taken = []
for i, (_, text) in enumerate(fields):
    if text != "-":
        os.environ[f"F{i}"] = text
    try:
        Settings()
        taken.append(True)
    except Exception:
        taken.append(False)
    os.environ.pop(f"F{i}", None)
print(json.dumps(taken))
"#;

#[tokio::test]
async fn a_value_is_refused_where_pydantic_refuses_it() {
    let Some(python) = tool("uvicorn").map(|uvicorn| uvicorn.with_file_name("python")) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let fields: Vec<_> = VALUES
        .iter()
        .map(|(field, _, text, _)| (field, text))
        .collect();
    let input = root.join("fields.json");
    fs::write(&input, json!(fields).to_string()).expect("a file");
    let tried = Command::new(&python)
        .args(["-c", TRY])
        .arg(root.join("schema.json"))
        .stdin(fs::File::open(&input).expect("a file"))
        .output();
    let tried = tried.expect("python");
    assert!(tried.status.success(), "{}", said(&tried));
    let taken: Vec<bool> = serde_json::from_slice(&tried.stdout).expect("JSON");
    let facts = "name = \"shop\"\nversion = \"1\"\nport = 8000\n\
                 settings.schema = \"schema.json\"\n";
    fs::write(root.join("service.toml"), facts).expect("a file");
    let service = root.join("service.toml").display().to_string();
    let plan = root.join("deploy.toml").display().to_string();
    for (at, (field, value, text, good)) in VALUES.iter().enumerate() {
        assert_eq!(taken[at], *good, "pydantic: {field} {text}");
        let line = format!("environments.production.settings.F{at} = {value}\n");
        let line = if *value == "-" { String::new() } else { line };
        fs::write(&plan, line).expect("a file");
        let done = generate(&["k8s", "--service", &service, "--config", &plan]).await;
        let code = if *good { 0 } else { 78 };
        assert_eq!(done.status.code(), Some(code), "{field}: {}", said(&done));
        if !good {
            assert!(
                said(&done).contains(&format!("settings.F{at}: is ")),
                "{}",
                said(&done)
            );
        }
    }
}
