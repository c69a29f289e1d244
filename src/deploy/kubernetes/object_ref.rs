//! The object of the tree that holds a setting.

use serde::Serialize;

use super::{base, config, names, secret};
use crate::deploy::service::Service;
use crate::schema::Setting;

/// The object that holds a setting, and its file. The key is the name of the setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectRef {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// The name of the object.
    pub name: String,
    /// The file of the base, relative to the output directory; overlays patch what differs.
    pub file: String,
}

impl ObjectRef {
    /// The object and the file that hold `setting`.
    #[must_use]
    pub fn of(service: &Service, setting: &Setting) -> Self {
        let (kind, name, file) = if setting.secret {
            ("Secret", names::secret(service), secret::FILE)
        } else {
            ("ConfigMap", names::config_map(service), config::FILE)
        };
        let file = format!("{}/{file}", base::FOLDER);
        Self { kind, name, file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::kubernetes::example;
    use crate::deploy::kubernetes::manifests::render;

    #[test]
    fn every_setting_is_in_the_object_that_is_named() {
        let project = example::project();
        let files = render(&project).unwrap();
        for setting in &project.service.settings {
            let object = ObjectRef::of(&project.service, setting);
            let file = files.iter().find(|file| file.path == object.file).unwrap();
            for part in [object.kind, &object.name, &format!("{}:", setting.name)] {
                assert!(file.text.contains(part), "{object:?}: {part}");
            }
        }
    }
}
