//! The layer under the program: what a process expects to find of a system, and nothing that could
//! be run.
//!
//! It depends on the service's name and folder and on the CA bundle, not on versions, so that it
//! stays the same from release to release.

use super::ca::CaBundle;
use super::config::USER_ID;
use super::entry::{Entry, folders_above, in_order, inside};
use super::error::OciError;
use crate::deploy::service::Service;

/// Path of the CA bundle on Debian, where most programs look for it.
pub(super) const CA_PATH: &str = "etc/ssl/certs/ca-certificates.crt";

/// The files and folders of the base layer, in the order of the archive.
///
/// # Errors
/// [`OciError::Facts`] where the folder of the service cannot be a path in an image.
pub(super) fn entries(service: &Service, ca: &CaBundle) -> Result<Vec<Entry>, OciError> {
    let state_dir = inside(&service.state_dir)?;
    let files = [
        Entry::file("etc/passwd", 0o644, passwd(&service.state_dir)),
        Entry::file("etc/group", 0o644, group()),
        // Without it some resolvers skip DNS, or ask it before the hosts file.
        Entry::file("etc/nsswitch.conf", 0o644, "hosts: files dns\n"),
        Entry::file("etc/os-release", 0o644, os_release(service)),
        Entry::file(CA_PATH, 0o644, ca.bytes()),
    ];
    let mut all: Vec<Entry> = files
        .iter()
        .flat_map(|file| folders_above(&file.path))
        .chain(folders_above(state_dir))
        .collect();
    all.extend(files);
    // Writable by any user: OpenShift and others assign a user ID to each namespace.
    all.push(Entry::directory(state_dir, 0o777).owned_by(USER_ID));
    all.push(Entry::directory("tmp", 0o1777));
    Ok(in_order(all))
}

/// passwd(5). The user has a name only so that tools that ask for one get an answer.
fn passwd(home: &str) -> String {
    format!(
        "root:x:0:0:root:/root:/sbin/nologin\n\
         nonroot:x:{USER_ID}:{USER_ID}:nonroot:{home}:/sbin/nologin\n\
         nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
    )
}

/// group(5).
fn group() -> String {
    format!("root:x:0:\nnonroot:x:{USER_ID}:\nnogroup:x:65534:\n")
}

/// os-release(5): scanners ask it which distribution's packages to look for. There are none.
fn os_release(service: &Service) -> String {
    let name = &service.name;
    let mut text = format!(
        "ID={name}\nNAME={quoted}\nPRETTY_NAME={quoted}\n",
        quoted = quoted(name)
    );
    if !service.repository.is_empty() {
        text += "HOME_URL=";
        text += &quoted(&service.repository);
        text += "\n";
    }
    text
}

/// `text` as a shell reads it between double quotes; control characters are left out.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '\\' | '"' | '$' | '`') {
            out.push('\\');
        }
        out.push(letter);
    }
    out + "\""
}

#[cfg(test)]
mod tests;
