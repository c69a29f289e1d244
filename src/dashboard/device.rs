//! A user agent as a person would name it: "Firefox on Linux".
//!
//! Not a crate: `woothee` knows the same browsers, but calls curl an "HTTP Library" and has no names for
//! other programs, such as python-requests or Postman.

/// Marks and names of browsers. Most browsers also carry the mark of Chrome or Safari, so the more
/// specific marks come first.
const BROWSERS: [(&str, &str); 17] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome (headless)"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("python-requests/", "Python"),
    ("PostmanRuntime/", "Postman"),
];

/// Marks and names of systems, the more specific first.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// Longest name of an unknown program, in characters.
const LONGEST: usize = 40;

/// A short name for `user_agent`; for an unknown program its first word.
pub(super) fn device(user_agent: &str) -> String {
    let find = |marks: &[(&str, &'static str)]| {
        let mut marks = marks.iter();
        marks
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    let browser = find(&BROWSERS);
    let system = find(&SYSTEMS);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, Some(system)) => format!("a browser on {system}"),
        (None, None) => {
            let word = user_agent.split(['/', ' ', '(']).next().unwrap_or_default();
            match word {
                "" => "unknown device".to_owned(),
                // The client chooses this text.
                word => word.chars().take(LONGEST).collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
