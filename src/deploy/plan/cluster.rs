//! The cluster that the manifests are for: the version of Kubernetes, and the program that applies
//! them there.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::deploy::toml_file::{shown, written_as_text};

/// A program that keeps a cluster in step with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GitOps {
    /// Argo CD.
    ArgoCd,
    /// Flux, its kustomize-controller.
    Flux,
}

/// A version of Kubernetes, `1.MINOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    minor: u16,
}

/// The oldest version whose API has every field of the manifests (`unhealthyPodEvictionPolicy`).
const OLDEST: u16 = 27;

/// The first version that knows the action `sleep` of `preStop` without being asked to
/// (KEP-3960).
const SLEEPS: u16 = 30;

written_as_text!(KubernetesVersion, r"^1\.(2[7-9]|[3-9][0-9])$", "1.28");

impl KubernetesVersion {
    /// Checks whether `preStop` can sleep without a program of the image.
    #[must_use]
    pub const fn sleeps(self) -> bool {
        self.minor >= SLEEPS
    }
}

impl Default for KubernetesVersion {
    fn default() -> Self {
        Self { minor: SLEEPS }
    }
}

impl std::fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

impl TryFrom<&str> for KubernetesVersion {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("1.").filter(|rest| rest.len() == 2);
        let minor = digits.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        let minor = minor.and_then(|rest| rest.parse().ok());
        match minor {
            Some(minor) if minor >= OLDEST => Ok(Self { minor }),
            Some(_) => Err(format!(
                "is {}, which is too old for these manifests; 1.{OLDEST} is the oldest",
                shown(text)
            )),
            None => Err(format!(
                "is {}, which is not a version of Kubernetes; write major and minor: 1.28",
                shown(text)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::plan::example::{environment, texts, verdicts};

    #[test]
    fn a_version_has_a_major_and_a_minor() {
        for (text, sleeps) in [
            ("1.27", false),
            ("1.29", false),
            ("1.30", true),
            ("1.36", true),
        ] {
            let version = KubernetesVersion::try_from(text).unwrap();
            assert_eq!(version.sleeps(), sleeps, "{text}");
            assert_eq!(version.to_string(), text);
        }
        let wrong = r#"
            "" ! is not a version
            1 1.3 1.+9 2.30 v1.30 1.30.1 1.300 ! is not a version
        "#;
        texts::<KubernetesVersion>("", wrong);
        assert!(KubernetesVersion::default().sleeps());
    }

    #[test]
    fn the_plan_has_the_version_and_the_program_that_applies_it() {
        let text = "[environments.production]\ngitops = \"argo-cd\"\nkubernetes = \"1.28\"\n";
        let production = environment(text, "production");
        assert_eq!(production.gitops, Some(GitOps::ArgoCd));
        assert!(!production.kubernetes.sleeps());
        assert_eq!(environment(text, "staging").gitops, None);
        verdicts(
            r#"
            kubernetes = "1.26"
              ! 2:1 kubernetes: is "1.26", which is too old for these manifests; 1.27 is the oldest
            "#,
        );
    }
}
