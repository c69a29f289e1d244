//! The object of the tree that holds a setting.

use serde::Serialize;

use super::{base, config, names, secret};
use crate::deploy::service::Service;
use crate::schema::Setting;

/// The object that holds a setting, and its file. The key is the name of the setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// The name of the object.
    pub name: String,
    /// The file of the base, relative to the output directory; overlays patch what differs.
    pub file: String,
}

/// The object and the file that hold `setting`.
#[must_use]
pub fn place(service: &Service, setting: &Setting) -> Place {
    let (kind, name, file) = if setting.secret {
        ("Secret", names::secret(service), secret::FILE)
    } else {
        ("ConfigMap", names::config_map(service), config::FILE)
    };
    Place {
        kind,
        name,
        file: format!("{}/{file}", base::FOLDER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::kubernetes::example;
    use crate::deploy::kubernetes::manifests::render;

    #[test]
    fn every_setting_stands_where_it_is_said_to() {
        let project = example::project();
        let files = render(&project).unwrap();
        for setting in &project.service.settings {
            let place = place(&project.service, setting);
            let file = files.iter().find(|file| file.path == place.file).unwrap();
            for part in [place.kind, &place.name, &format!("{}:", setting.name)] {
                assert!(file.text.contains(part), "{place:?}: {part}");
            }
        }
    }
}
