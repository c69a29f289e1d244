//! Query parameters: an address takes those that it documents, each once. One that is misspelt, or of
//! another version, is refused rather than ignored: a filter that is ignored shows everything.

use super::code::Code;
use super::problem::{FieldError, Problem};

/// Most characters of a name that an error repeats.
const MAX_NAME: usize = 64;

/// Most faults that an error names.
const MAX_FAULTS: usize = 8;

/// Checks the parameters of `query`, as it stands in the address, against those that are `known`.
///
/// # Errors
/// `invalid_parameter`, which names each parameter that is unknown or given twice, and those that are
/// known.
pub fn check<S: AsRef<str>>(query: &str, known: &[S]) -> Result<(), Problem> {
    // Cannot fail: any text is a list of parameters.
    let given: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let mut seen: Vec<&str> = Vec::new();
    let mut faults = Vec::new();
    for (name, _) in &given {
        let (code, what) = if !known.iter().any(|known| known.as_ref() == name) {
            ("unknown_parameter", "there is no parameter")
        } else if seen.contains(&name.as_str()) {
            ("repeated_parameter", "this parameter may stand once only:")
        } else {
            seen.push(name);
            continue;
        };
        let name: String = name.chars().take(MAX_NAME).collect();
        let message = format!("{what} {name:?}");
        faults.push(FieldError::new(name, code, message));
        if faults.len() == MAX_FAULTS {
            break;
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let said: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let known = if known.is_empty() {
        "this address takes none".to_owned()
    } else {
        format!("this address takes: {}", known.join(", "))
    };
    let mut problem = Problem::new(
        Code::InvalidParameter,
        format!("{}; {known}", said.join(", ")),
    );
    problem.errors = faults;
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_parameters_stand_once_and_unknown_ones_are_named_with_the_known() {
        for query in ["", "&", "q=", "limit=1&q=a%20b", "q=a=b"] {
            assert_eq!(check(query, &["q", "limit"]), Ok(()), "{query}");
        }
        let problem = check("email=a&q=1&q=2", &["q", "limit"]).unwrap_err();
        assert_eq!(problem.code, Code::InvalidParameter);
        assert_eq!(
            problem.detail,
            "there is no parameter \"email\", this parameter may stand once only: \"q\"; this address \
             takes: q, limit"
        );
        let codes: Vec<&str> = problem.errors.iter().map(|error| error.code).collect();
        assert_eq!(codes, ["unknown_parameter", "repeated_parameter"]);
        let none = check::<&str>("x", &[]).unwrap_err();
        assert!(none.detail.ends_with("this address takes none"));
    }

    #[test]
    fn an_error_is_short_however_long_the_query() {
        let query = format!("{}=1&", "x".repeat(5_000)).repeat(50);
        let problem = check(&query, &["q"]).unwrap_err();
        assert_eq!(problem.errors.len(), MAX_FAULTS);
        assert!(problem.detail.len() < 1_000);
    }
}
