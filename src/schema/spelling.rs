//! Names and texts of the variables of a service: those of this crate's loader, or those of a
//! program in another language.

use std::collections::{BTreeMap, BTreeSet};

/// Reader of a variable's text, which decides how lists and unset values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reader {
    /// [`Loader`](super::Loader): lists with commas, an empty text counts as unset, and
    /// `NAME_FILE` names a file that holds a secret.
    #[default]
    Loader,
    /// A program of its own that reads lists as JSON, as pydantic-settings does.
    Json,
    /// A program of its own that splits lists at commas.
    Commas,
}

/// Names of the variables, and what the schema does not say of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// Beginning of every name, such as `SHOP_`; may be empty.
    pub prefix: String,
    /// Text between a section and its field: `_`, or `__` where fields have `_` in their names.
    pub delimiter: String,
    /// True if names keep the case of the schema; otherwise they are in upper case.
    pub case_sensitive: bool,
    /// Reader of the texts.
    pub reader: Reader,
    /// Names of settings that do not follow from their paths, by path: `db.url` to
    /// `DATABASE_URL`. The prefix is not put before them.
    pub names: BTreeMap<String, String>,
    /// Variables that are secrets although the schema does not say so.
    pub secrets: BTreeSet<String>,
}

impl Default for Spelling {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            delimiter: "_".to_owned(),
            case_sensitive: false,
            reader: Reader::Loader,
            names: BTreeMap::new(),
            secrets: BTreeSet::new(),
        }
    }
}

impl Spelling {
    /// The variable of the setting at `path`.
    #[must_use]
    pub fn name(&self, path: &[String]) -> String {
        if let Some(name) = self.names.get(&path.join(".")) {
            return name.clone();
        }
        let joined = path.join(&self.delimiter);
        let name = format!("{}{joined}", self.prefix).replace('-', "_");
        if self.case_sensitive {
            return name;
        }
        name.to_uppercase()
    }
}

/// Checks whether a program can be given a variable of that name, and a shell can.
pub(super) fn is_variable(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() && name.chars().all(word)
}

/// Variables that the kubelet, libc, shells, OpenSSL or interpreters read or set themselves.
///
/// Not among them are those by which a service is configured on purpose, and which mean the same to
/// its libraries (`HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`), and `ENV`: only an
/// interactive shell reads it, and many services name their environment so.
const SYSTEM: [&str; 68] = [
    "BASHOPTS",
    "BASH_ENV",
    "CDPATH",
    "CLASSPATH",
    "DOTNET_STARTUP_HOOKS",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_LIBS",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GLIBC_TUNABLES",
    "GODEBUG",
    "HOME",
    "HOSTALIASES",
    "HOSTNAME",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LANG",
    "LANGUAGE",
    "LOCALDOMAIN",
    "LOCPATH",
    "LOGNAME",
    "LUA_INIT",
    "NLSPATH",
    "NODE_OPTIONS",
    "NODE_PATH",
    "OLDPWD",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS4",
    "PWD",
    "PYTHON_BASIC_REPL",
    "PYTHON_COLORS",
    "PYTHON_CONTEXT_AWARE_WARNINGS",
    "PYTHON_CPU_COUNT",
    "PYTHON_DISABLE_REMOTE_DEBUG",
    "PYTHON_FROZEN_MODULES",
    "PYTHON_GIL",
    "PYTHON_HISTORY",
    "PYTHON_JIT",
    "PYTHON_PERF_JIT_SUPPORT",
    "PYTHON_PRESITE",
    "PYTHON_THREAD_INHERIT_CONTEXT",
    "PYTHON_TLBC",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    "ZDOTDIR",
    "_JAVA_OPTIONS",
];

/// Beginnings of such names. No `_` follows them: `PYTHON_VERSION` is read by no interpreter, and
/// the names with `PYTHON_` that one does read stand in [`SYSTEM`].
const SYSTEM_BEGINNINGS: [&str; 6] = ["DYLD_", "KUBERNETES_", "LC_", "LD_", "MALLOC_", "PYTHON"];

/// Checks whether the system reads or sets the variable `name`: given a setting's value, the program may
/// not even start.
pub(crate) fn is_of_the_system(name: &str) -> bool {
    let begins = |start: &&str| {
        let rest = name.strip_prefix(*start);
        rest.is_some_and(|rest| !rest.starts_with('_'))
    };
    SYSTEM.contains(&name) || SYSTEM_BEGINNINGS.iter().any(begins)
}

#[cfg(test)]
mod tests;
