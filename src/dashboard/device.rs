//! A user agent as a person would name it: "Firefox on Linux".
//!
//! Not a crate: `woothee` knows the same browsers, but calls curl an "HTTP Library" and has no names for
//! other programs, such as python-requests or Postman.

/// Marks of browsers, the more particular before those whose name they carry too.
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

/// Marks of systems, likewise.
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

/// The longest name of a program that is in neither list.
const LONGEST: usize = 40;

/// A short name for what sent `user_agent`; for a program that is not known, its own first word.
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
                word => word.chars().take(LONGEST).collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
