//! One process a target: it is handed seeds and changed seeds until its time is up, and the first
//! input that fails ends it.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use super::limits::{Watchdog, bounded, cpu};
use super::mutate::{Dice, mutated};
use super::{Subject, TARGETS, Target};
use crate::support::Process;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Inputs of a short run: the same ones every time.
const SHORT_INPUTS: usize = 1_500;

/// Seconds of a short run on a machine that is too slow for all of them.
const SHORT_SECONDS: u64 = 5;

/// Longer inputs are not kept as seeds.
const KEPT_BYTES: usize = 16 * 1024;

/// Seeds that a run keeps.
const KEPT: usize = 4_096;

/// The seeds of a target, as committed.
pub(super) fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(ROOT).join("tests/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| fs::read(file).expect("a seed"))
        .collect()
}

/// Orders of a process, which it reads from its environment.
#[derive(Debug, Clone)]
struct Orders {
    target: String,
    seed: u64,
    seconds: u64,
    inputs: Option<usize>,
    /// One input, instead of a run.
    again: Option<PathBuf>,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let number = variable(name)?.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is a number")))
}

impl Orders {
    fn of_process() -> Self {
        Self {
            target: variable("AURA_FUZZ_TARGET").expect("AURA_FUZZ_TARGET names a target"),
            seed: number("AURA_FUZZ_SEED").unwrap_or(1),
            seconds: number("AURA_FUZZ_SECONDS").unwrap_or(SHORT_SECONDS),
            inputs: number("AURA_FUZZ_INPUTS"),
            again: variable("AURA_FUZZ_AGAIN").map(PathBuf::from),
        }
    }

    /// Where inputs that failed are left.
    fn folder(&self) -> PathBuf {
        let folder = Path::new(ROOT).join("target/fuzz").join(&self.target);
        fs::create_dir_all(&folder).expect("a folder of ours");
        folder
    }

    /// Runs them in a process of their own.
    ///
    /// # Errors
    /// What failed, and the file that holds the input.
    async fn carried_out(&self) -> Result<String, String> {
        let place = tempfile::tempdir().expect("a temporary folder");
        let tests = std::env::current_exe().expect("the path of the tests");
        let mut command = bounded(&tests);
        command.args(["--exact", "fuzz::one_target", "--ignored", "--nocapture"]);
        command.env("RUST_BACKTRACE", "0");
        // The stack of the main thread, on which the command line reads files.
        command.env("RUST_MIN_STACK", "8388608");
        command.env("AURA_FUZZ_TARGET", &self.target);
        command.env("AURA_FUZZ_SEED", self.seed.to_string());
        command.env("AURA_FUZZ_SECONDS", self.seconds.to_string());
        command.env(
            "AURA_FUZZ_INPUTS",
            self.inputs.map_or_else(String::new, |n| n.to_string()),
        );
        let again = self.again.clone().unwrap_or_default();
        command.env("AURA_FUZZ_AGAIN", again);
        let mut process = Process::spawn(&mut command, &place.path().join("log"));
        let id = process.id();
        let ended = process.wait(Duration::from_secs(self.seconds + 90)).await;
        let said = process.output();
        if ended.success() {
            let line = said.lines().find(|line| line.starts_with("fuzz: "));
            return Ok(line.unwrap_or("fuzz: nothing was run").to_owned());
        }
        // What ended a process leaves the input that was in hand.
        let running = self.folder().join(format!("running-{id}"));
        let mut failure = format!("{} ended with {ended}\n{said}", self.target);
        if let Ok(input) = fs::read(&running) {
            fs::remove_file(&running).ok();
            failure.push_str(&kept(&self.folder(), &input));
        }
        Err(failure)
    }
}

/// Leaves an input that failed in `folder`; gives the line that says so.
fn kept(folder: &Path, input: &[u8]) -> String {
    // FNV-1a: the same input has the same name.
    let name = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let file = folder.join(format!("{name:016x}"));
    fs::write(&file, input).expect("a file of ours");
    let file = file
        .strip_prefix(ROOT)
        .unwrap_or(&file)
        .display()
        .to_string();
    format!("the input is {file}; once more: scripts/fuzz --again {file}")
}

/// A fixed run of a few seconds.
pub(super) async fn short_run(target: &str) {
    let orders = Orders {
        target: target.to_owned(),
        seed: 1,
        seconds: SHORT_SECONDS,
        inputs: Some(SHORT_INPUTS),
        again: None,
    };
    if let Err(failure) = orders.carried_out().await {
        panic!("{failure}");
    }
}

/// `AURA_FUZZ_SECONDS` in all, divided among the targets of `AURA_FUZZ_TARGETS`; or one input.
pub(super) async fn long_run() {
    let names = variable("AURA_FUZZ_TARGETS").unwrap_or_default();
    let mut names: Vec<&str> = names.split_whitespace().collect();
    if names.is_empty() {
        names = TARGETS.iter().map(|target| target.name).collect();
    }
    let again = variable("AURA_FUZZ_AGAIN").map(PathBuf::from);
    let cores = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(names.len());
    let seconds = number::<u64>("AURA_FUZZ_SECONDS").unwrap_or(60);
    let share =
        seconds * u64::try_from(cores).expect("few") / u64::try_from(names.len()).expect("few");
    let seed = number("AURA_FUZZ_SEED").unwrap_or(1);
    let runs = names.into_iter().map(|name| {
        assert!(
            TARGETS.iter().any(|target| target.name == name),
            "no target {name}"
        );
        let orders = Orders {
            target: name.to_owned(),
            seed,
            seconds: share.max(1),
            inputs: None,
            again: again.clone(),
        };
        async move { orders.carried_out().await }
    });
    let mut runs = stream::iter(runs).buffer_unordered(cores);
    let mut failures = Vec::new();
    while let Some(run) = runs.next().await {
        match run {
            Ok(line) => eprintln!("{line}"),
            Err(failure) => failures.push(failure),
        }
    }
    assert!(
        failures.is_empty(),
        "seed {seed}\n\n{}",
        failures.join("\n\n")
    );
}

/// A target with the inputs that it has seen.
struct Run {
    target: &'static Target,
    subject: Box<dyn Subject>,
    watchdog: Watchdog,
    folder: PathBuf,
    seeds: Vec<Vec<u8>>,
    kinds: BTreeSet<String>,
    /// The dearest so far, in nanoseconds a byte: dear inputs lead to dearer ones.
    dearest: u128,
    slowest: Duration,
}

/// What `one_target` does: the process of one target, from its start to its end.
pub(super) fn one_target() {
    let orders = Orders::of_process();
    let target = TARGETS.iter().find(|target| target.name == orders.target);
    let target = target.unwrap_or_else(|| panic!("no target {}", orders.target));
    let folder = orders.folder();
    let running = folder.join(format!("running-{}", std::process::id()));
    let mut run = Run {
        target,
        subject: (target.start)(),
        watchdog: Watchdog::start(running),
        folder,
        seeds: Vec::new(),
        kinds: BTreeSet::new(),
        dearest: 0,
        slowest: Duration::ZERO,
    };
    if let Some(file) = &orders.again {
        let input = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        match run.judged(&input) {
            Ok((kind, cost)) => say(&format!("{kind}, in {cost:?}")),
            Err(broken) => panic!("{broken}"),
        }
    } else {
        let count = run.carry_out(&orders);
        let (kinds, slowest) = (run.kinds.len(), run.slowest);
        say(&format!(
            "{}: {count} inputs, {kinds} kinds of outcome, {slowest:?} of CPU at most",
            target.name
        ));
    }
    run.watchdog.rest();
}

/// Says a line that the other process looks for.
fn say(line: &str) {
    eprintln!("\nfuzz: {line}");
}

impl Run {
    /// Feeds seeds, then changed seeds; gives how many.
    fn carry_out(&mut self, orders: &Orders) -> usize {
        let mut dice = Dice::new(orders.seed);
        let mut first = corpus(self.target.name);
        first.extend(self.subject.seeds());
        let until = Instant::now() + Duration::from_secs(orders.seconds);
        let most = orders.inputs.unwrap_or(usize::MAX).max(first.len());
        for input in &first {
            self.feed(input, true);
        }
        let mut count = first.len();
        self.seeds.extend(first);
        while count < most && Instant::now() < until {
            let seed = self.seed(&mut dice).clone();
            let other = self.seed(&mut dice).clone();
            let input = mutated(
                &mut dice,
                &seed,
                &other,
                self.target.words,
                self.target.most_bytes,
            );
            self.feed(&input, orders.inputs.is_some());
            count += 1;
        }
        count
    }

    /// One of the newest seeds, or any.
    fn seed(&self, dice: &mut Dice) -> &Vec<u8> {
        let newest = self.seeds.len().saturating_sub(16);
        if dice.once_in(2) {
            dice.pick(&self.seeds[newest..])
        } else {
            dice.pick(&self.seeds)
        }
    }

    /// Feeds one input, and keeps it as a seed where it led somewhere new. In a `fixed` run, the
    /// time that it took leads nowhere: that differs from run to run.
    fn feed(&mut self, input: &[u8], fixed: bool) {
        match self.judged(input) {
            Ok((kind, cost)) => {
                self.slowest = self.slowest.max(cost);
                let each = cost.as_nanos() / u128::try_from(input.len() + 64).expect("a size");
                let dear = !fixed && each > self.dearest * 5 / 4;
                let new = self.kinds.insert(kind);
                if dear {
                    self.dearest = each;
                }
                if (new || dear) && input.len() <= KEPT_BYTES && self.seeds.len() < KEPT {
                    self.seeds.push(input.to_vec());
                }
            }
            Err(broken) => {
                let small = self.smaller(input);
                let kept = kept(&self.folder, &small);
                self.watchdog.rest();
                panic!("{}: {broken}\n{kept}", self.target.name);
            }
        }
    }

    /// The kind of outcome and the CPU time of `input`.
    ///
    /// # Errors
    /// The promise that it breaks; a panic and too much time are such.
    fn judged(&mut self, input: &[u8]) -> Result<(String, Duration), String> {
        let length = u64::try_from(input.len()).expect("a size");
        let millis = self.target.millis + self.target.millis_per_mib * length / (1024 * 1024);
        let limit = Duration::from_millis(millis);
        let mut cost = Duration::MAX;
        // What took long may have been hindered.
        for _ in 0..3 {
            let (kind, took) = self.fed(input)?;
            cost = cost.min(took);
            if cost <= limit {
                return Ok((kind, cost));
            }
        }
        Err(format!(
            "{length} bytes took {cost:?} of CPU, and may take {limit:?}"
        ))
    }

    fn fed(&mut self, input: &[u8]) -> Result<(String, Duration), String> {
        let subject = &mut self.subject;
        let process = subject.process();
        let before = cpu(process);
        let outcome = self.watchdog.over(input, || {
            catch_unwind(AssertUnwindSafe(|| subject.feed(input)))
        });
        let took = cpu(process).saturating_sub(before);
        let kind = outcome.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panic: {}", text.unwrap_or("without a text")))
        })?;
        Ok((kind, took))
    }

    /// `input` with parts left out, as long as it still fails; a few seconds are enough.
    fn smaller(&mut self, input: &[u8]) -> Vec<u8> {
        let until = Instant::now() + Duration::from_secs(5);
        let mut small = input.to_vec();
        let mut step = small.len() / 2;
        while step > 0 {
            let mut from = 0;
            while from < small.len() {
                if Instant::now() > until {
                    return small;
                }
                let mut fewer = small.clone();
                fewer.drain(from..(from + step).min(small.len()));
                if self.judged(&fewer).is_err() {
                    small = fewer;
                } else {
                    from += step;
                }
            }
            step /= 2;
        }
        small
    }
}
