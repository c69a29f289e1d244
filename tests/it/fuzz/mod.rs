//! Everything that reads what strangers send, fed with inputs that nobody would write: seeds of
//! `tests/corpus`, changed at random. A reader must not panic, hang, take more memory or time than
//! its limits, or break what it promises; each target says which promises it checks.
//!
//! The tests here feed each target a fixed run of a few seconds. `scripts/fuzz` runs them for
//! minutes with a new seed. An input that breaks a promise is left in `target/fuzz`, and
//! `scripts/fuzz --again FILE` hands it over once more.
//!
//! - `driver`: one process a target, the inputs it is given, and what becomes of those that fail.
//! - `mutate`, `limits`: how inputs are changed, and what each may cost.
//! - `files`, `texts`, `tokens`: readers that are called directly.
//! - `requests`, `language`: whole servers.

mod driver;
mod files;
mod language;
mod limits;
mod mutate;
mod requests;
mod texts;
mod tokens;

/// What is fed, and what an input of it may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// Its name, and its folder in `tests/corpus`.
    name: &'static str,
    /// The longest input, in bytes.
    most_bytes: usize,
    /// CPU milliseconds that any input may take, in an unoptimised build.
    millis: u64,
    /// CPU milliseconds more for each MiB of it.
    millis_per_mib: u64,
    /// Words that mean something to it.
    words: &'static [&'static str],
    /// Makes it ready.
    start: fn() -> Box<dyn Subject>,
}

/// Something that reads inputs.
trait Subject {
    /// Seeds that no file can hold, such as tokens that were just issued.
    fn seeds(&mut self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Reads `input`; gives the kind of outcome, so that inputs with a new one become seeds.
    ///
    /// # Errors
    /// The promise that was broken.
    fn feed(&mut self, input: &[u8]) -> Result<String, String>;

    /// The process that does the work.
    fn process(&self) -> u32 {
        std::process::id()
    }
}

const TARGETS: &[Target] = &[
    tokens::ACCESS,
    tokens::CLAIMS,
    tokens::REFRESH,
    texts::JSON,
    texts::FORMS,
    texts::NEXT,
    texts::ADDRESSES,
    texts::EMAILS,
    requests::REQUESTS,
    requests::PASSWORDS,
    language::BODIES,
    language::EVENTS,
    files::DEPLOY_TOML,
    files::SERVICE_TOML,
    files::DOTENV,
    files::MANIFESTS,
];

macro_rules! short_runs {
    ($($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                driver::short_run(stringify!($name)).await;
            }
        )*

        #[test]
        fn every_target_has_a_test_and_a_corpus() {
            let tested = [$(stringify!($name)),*];
            let targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(targets, tested);
            for name in tested {
                assert!(!driver::corpus(name).is_empty(), "tests/corpus/{name}");
            }
        }
    };
}

short_runs! {
    access_tokens signed_claims refresh_tokens json_bodies forms next addresses emails requests passwords
    llm_bodies events deploy_toml service_toml dotenv manifests
}

/// What `scripts/fuzz` runs.
#[tokio::test]
#[ignore = "takes minutes: scripts/fuzz"]
async fn long_run() {
    driver::long_run().await;
}

/// The process of one target: what the tests above start.
#[test]
#[ignore = "is started by the tests of this module, with its orders in the environment"]
fn one_target() {
    driver::one_target();
}
