//! Escaping of texts in a unit and in an environment file, so that systemd reads them as
//! they were.
//!
//! The two have rules of their own: systemd.syntax(7), systemd.service(5) under "Command lines"
//! and systemd.exec(5) under `EnvironmentFile=`.

use crate::deploy::emit::RenderError;

/// `text` as the value of a directive: one line, in which `%` begins a specifier.
pub(super) fn value(text: &str) -> Result<String, RenderError> {
    one_line(text)?;
    // A backslash at the end would join the next line.
    if text.ends_with('\\') {
        return Err(refused(text, "a backslash at its end"));
    }
    Ok(text.replace('%', "%%"))
}

/// `text` as one argument of `ExecStart=`: in quotes, with `%` and `$` doubled.
pub(super) fn argument(text: &str) -> Result<String, RenderError> {
    Ok(program(text)?.replace('$', "$$"))
}

/// `text` as the program of `ExecStart=`, in which a `$` is a dollar.
pub(super) fn program(text: &str) -> Result<String, RenderError> {
    one_line(text)?;
    let text = text.replace('%', "%%");
    let plain = |letter: char| letter.is_alphanumeric() || "%$/._-=:,+".contains(letter);
    // A program whose first letter is a sign would be run otherwise; a lone `;` ends a command.
    let signed = text.starts_with(['-', ':', '+', '=']) && !text.starts_with("--");
    if !text.is_empty() && text.chars().all(plain) && !signed {
        return Ok(text);
    }
    Ok(format!(
        "\"{}\"",
        text.replace('\\', r"\\").replace('"', "\\\"")
    ))
}

/// `NAME=value` of an environment file, quoted where a shell would want it.
pub(super) fn assignment(name: &str, text: &str) -> Result<String, RenderError> {
    one_line(text)?;
    let plain = |letter: char| letter.is_alphanumeric() || "/._-=:,+@%".contains(letter);
    if text.chars().all(plain) {
        return Ok(format!("{name}={text}"));
    }
    let mut quoted = String::new();
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    Ok(format!("{name}=\"{quoted}\""))
}

fn one_line(text: &str) -> Result<(), RenderError> {
    if text.contains(char::is_control) {
        return Err(refused(text, "a control character"));
    }
    Ok(())
}

fn refused(text: &str, what: &str) -> RenderError {
    RenderError::Facts(format!("{text:?} has {what}, which a unit cannot hold"))
}

#[cfg(test)]
mod tests;
