//! `aura generate oci`: the configuration of the image, or with a program the image itself.
//!
//! Files are read here and the one variable that `generate` knows, `SOURCE_DATE_EPOCH`; what is
//! made of them is `deploy::oci`'s business.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};

use super::Generate;
use super::project::{self, Source};
use crate::cli::{USAGE, output};
use crate::deploy::oci::ca::CaBundle;
use crate::deploy::oci::created::Created;
use crate::deploy::oci::disk::{check::check, write::write};
use crate::deploy::oci::error::{InputError, OciError};
use crate::deploy::oci::format::Format;
use crate::deploy::oci::layer::Compression;
use crate::deploy::oci::platform::Platform;
use crate::deploy::oci::reference::Reference;
use crate::deploy::oci::rendered::{Rendered, render};
use crate::deploy::oci::request::{Request, Revision, platform_of};
use crate::deploy::service::Service;
use crate::schema::Environment;

/// Places of the CA bundle; the first that exists is taken.
/// Paths of the system's CA bundle; the first that exists is taken.
const CA_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Larger programs are not read.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// The variable of reproducible-builds.org.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Render the configuration of the image; with a program, the image itself.
///
/// The same program gives the same bytes on every machine. The SBOM is written beside the image,
/// as PATH.sbom.cdx.json, and as a referrer of it into the layout PATH/referrers of an oci-dir.
#[derive(Args, Debug)]
#[command(
    group(ArgGroup::new("program").args(["binary", "platform"])),
    after_help = "Examples:\n  \
        aura generate oci --out .\n  \
        aura generate oci --binary ./aura --out dist/image\n  \
        aura generate oci --binary ./aura --format oci-archive --out dist/aura.oci.tar\n  \
        aura generate oci --platform linux/amd64=./aura-x --platform linux/arm64=./aura-a \
        --out dist/image\n  \
        aura generate oci --binary ./aura --check dist/image\n\n\
        Exit codes: 0 done, 1 failed or not what would be written, 2 input that cannot be used."
)]
pub(super) struct Oci {
    /// The static program; its processor is read from the file.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// The program of one platform, as linux/amd64=FILE; once for each platform.
    #[arg(long, value_name = "PLATFORM=FILE", value_parser = platform)]
    platform: Vec<(Platform, PathBuf)>,
    /// Write to PATH: a folder for oci-dir, a file for an archive. Without a program: files below
    /// the folder PATH.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["check", "dry_run"])]
    out: Option<PathBuf>,
    /// Compare with what is at PATH, write nothing, and exit 1 where it differs.
    #[arg(long, value_name = "PATH", conflicts_with = "dry_run")]
    check: Option<PathBuf>,
    /// Print configuration, manifest and the files of each layer as JSON, and write nothing.
    #[arg(long, requires = "program")]
    dry_run: bool,
    /// The form of the image [default: oci-dir].
    #[arg(long, requires = "program", value_parser = formats())]
    format: Option<Format>,
    /// Compression of layers [default: zstd in an oci-dir, gzip in an archive].
    #[arg(long, requires = "program", value_parser = compressions())]
    compression: Option<Compression>,
    /// The tag of the image [default: the version].
    #[arg(long, requires = "program")]
    tag: Option<String>,
    /// The name of the image [default: the service's name].
    #[arg(long, requires = "program")]
    name: Option<String>,
    /// The authorities to trust, in PEM [default: those of this system].
    #[arg(long, requires = "program", value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// The commit that the program was built from.
    #[arg(long, requires = "program", value_name = "REV")]
    revision: Option<Revision>,
    /// When the image was made: seconds since 1970, or RFC 3339 [default:
    /// `SOURCE_DATE_EPOCH`, else 1970].
    #[arg(long, requires = "program", value_name = "TIME")]
    created: Option<Created>,
    /// Without a program, with --out: delete generated files that are no longer rendered.
    #[arg(long, requires = "out", conflicts_with = "program")]
    prune: bool,
    #[command(flatten)]
    source: Source,
}

/// Input that no image can be made of; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unusable(String);

impl Oci {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self.binary.is_none() && self.platform.is_empty() {
            let artefact = Generate {
                command: None,
                artefact: Some("oci".to_owned()),
                out: self.out,
                check: self.check,
                prune: self.prune,
                service: None,
                source: self.source,
            };
            return artefact.run();
        }
        match self.image() {
            Err(error) if error.is::<Unusable>() => {
                output::error(&format!("aura: {error:#}"));
                Ok(ExitCode::from(USAGE))
            }
            other => other,
        }
    }

    fn image(&self) -> anyhow::Result<ExitCode> {
        if self.out.is_none() && self.check.is_none() && !self.dry_run {
            let what = "an image needs --out PATH, --check PATH or --dry-run";
            return Err(Unusable(what.to_owned()).into());
        }
        let service = project::aura()?;
        let rendered = render(&service, &self.request(&service)?).map_err(sorted_out)?;
        let format = self.format.unwrap_or_default();
        let made = rendered.output(format).map_err(sorted_out)?;
        if self.dry_run {
            output::print(&format!("{:#}\n", rendered.describe()?))?;
        }
        if let Some(path) = &self.out {
            let written = write(path, &made)?;
            output::error(written.to_string().trim_end());
            output::error(&summary(&rendered));
        }
        if let Some(path) = &self.check {
            let differences = check(path, &made)?;
            for difference in &differences {
                output::print(&format!("{difference}\n"))?;
            }
            if !differences.is_empty() {
                output::error(&format!(
                    "aura: {} is not what would be written; mend it with the same command and \
                     --out in place of --check",
                    path.display()
                ));
                return Ok(ExitCode::FAILURE);
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Reads everything that was named.
    fn request(&self, service: &Service) -> anyhow::Result<Request> {
        let name = self.name.as_deref().unwrap_or(&service.name);
        let usual = Reference::tag_of(&service.version);
        let tag = self.tag.as_deref().unwrap_or(&usual);
        let reference = Reference::new(name, tag).map_err(|error| Unusable(error.to_string()))?;
        let docker = self.format == Some(Format::DockerArchive);
        if docker && self.compression.is_some() {
            let error = InputError::NotCompressed;
            return Err(Unusable(error.to_string()).into());
        }
        let created = match self.created {
            Some(created) => created,
            None => epoch()?,
        };
        Ok(Request {
            programs: self.programs()?,
            ca_bundle: self.ca_bundle()?,
            reference,
            compression: self
                .compression
                .unwrap_or_else(|| self.format.unwrap_or_default().usual_compression()),
            revision: self.revision.clone(),
            created,
        })
    }

    fn programs(&self) -> Result<Vec<(Platform, Vec<u8>)>, Unusable> {
        let given = self
            .platform
            .iter()
            .map(|(platform, path)| (Some(*platform), path));
        let only = self.binary.iter().map(|path| (None, path));
        only.chain(given)
            .map(|(wanted, path)| {
                let bytes = read(path)?;
                let platform = platform_of(&bytes, wanted)
                    .map_err(|error| Unusable(format!("{}: {error}", path.display())))?;
                Ok((platform, bytes))
            })
            .collect()
    }

    fn ca_bundle(&self) -> Result<CaBundle, Unusable> {
        let usual = || CA_BUNDLES.iter().map(Path::new).find(|path| path.is_file());
        let Some(path) = self.ca_bundle.as_deref().or_else(usual) else {
            return Err(Unusable(
                "this system has no CA bundle where one is looked for; name one with --ca-bundle \
                 FILE, or install the package ca-certificates"
                    .to_owned(),
            ));
        };
        let bundle = CaBundle::read(read(path)?)
            .map_err(|error| Unusable(format!("{}: {error}", path.display())))?;
        if self.ca_bundle.is_none() {
            output::error(&format!(
                "CA bundle: {} ({} certificates)",
                path.display(),
                bundle.count()
            ));
        }
        Ok(bundle)
    }
}

/// An error of the input as one that ends with exit code 2.
fn sorted_out(error: OciError) -> anyhow::Error {
    match error {
        OciError::Input(input) => Unusable(input.to_string()).into(),
        other => other.into(),
    }
}

/// The time in the environment, else 1970.
fn epoch() -> Result<Created, Unusable> {
    let environment = Environment::of_process();
    match environment.text(EPOCH).filter(|text| !text.is_empty()) {
        Some(text) => text
            .parse()
            .map_err(|error| Unusable(format!("{EPOCH}: {error}"))),
        None => Ok(Created::default()),
    }
}

/// Summary of the image in one line.
fn summary(rendered: &Rendered) -> String {
    let platforms: Vec<String> = rendered.platforms().map(|p| p.to_string()).collect();
    format!(
        "{} {}, {}, {} bytes compressed",
        rendered.name(),
        rendered.digest(),
        platforms.join(" and "),
        rendered.size()
    )
}

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    let shown = path.display();
    let failed = |error: std::io::Error| Unusable(format!("{shown}: cannot be read: {error}"));
    let metadata = fs::metadata(path).map_err(failed)?;
    // A device or a pipe may never end, and has no length to be held to.
    if !metadata.is_file() {
        return Err(Unusable(format!("{shown}: is not a file; name one")));
    }
    if metadata.len() > MOST_BYTES {
        return Err(Unusable(format!(
            "{shown}: is larger than {MOST_BYTES} bytes"
        )));
    }
    fs::read(path).map_err(failed)
}

fn platform(text: &str) -> Result<(Platform, PathBuf), String> {
    let Some((platform, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        return Err("write it like linux/amd64=FILE".to_owned());
    };
    let platform = platform
        .parse::<Platform>()
        .map_err(|error| error.to_string())?;
    Ok((platform, PathBuf::from(path)))
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["oci-dir", "oci-archive", "docker-archive"]).map(|name| {
        match name.as_str() {
            "oci-archive" => Format::OciArchive,
            "docker-archive" => Format::DockerArchive,
            _ => Format::OciDir,
        }
    })
}

fn compressions() -> impl TypedValueParser<Value = Compression> {
    PossibleValuesParser::new(["gzip", "zstd"]).map(|name| match name.as_str() {
        "zstd" => Compression::Zstd,
        _ => Compression::Gzip,
    })
}
