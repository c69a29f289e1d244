//! What no image can be made of, and what stands in its way: each with its exit code and a line
//! why, and nothing written.

use std::fs;

use tokio::process::Command;

use super::{Bench, crates, tree};
use crate::support::elf::{AMD64, Elf};
use crate::support::{run, said};

#[tokio::test]
async fn input_that_cannot_be_used_ends_with_two_and_one_line_why() {
    let bench = Bench::new();
    let whole = Elf::new(AMD64, &crates());
    bench.put("cut", &whole.bytes()[..200]);
    let mut bare = whole.clone();
    bare.crates = None;
    bench.put("bare", bare.bytes());
    let mut foreign = whole.clone();
    foreign.machine = 243;
    bench.put("riscv", foreign.bytes());
    bench.put("script", "#!/bin/sh\n");
    bench.put("empty", "");
    let before = bench.names();
    let dynamic = format!("--binary {} --out @image", env!("CARGO_BIN_EXE_aura"));
    for (words, why) in [
        (dynamic.as_str(), "linked dynamically"),
        ("--binary @cut --out @image", "truncated"),
        ("--binary @script --out @image", "not an ELF file"),
        ("--binary @empty --out @image", "not an ELF file"),
        ("--binary @bare --out @image", "no dependency data"),
        ("--binary @riscv --out @image", "RISC-V"),
        ("--binary @none --out @image", "cannot be read"),
        ("--binary @ --out @image", "is not a file"),
        (
            "--platform linux/arm64=@amd64 --out @image",
            "is a program for linux/amd64",
        ),
        (
            "--platform linux/amd64=@amd64 --platform linux/amd64=@amd64 --dry-run",
            "given twice",
        ),
        ("--platform plan9/mips=@amd64 --out @image", "linux/arm64"),
        (
            "--binary @amd64 --ca-bundle @empty --out @image",
            "is empty",
        ),
        (
            "--binary @amd64 --ca-bundle @script --out @image",
            "no certificate",
        ),
        (
            "--binary @amd64 --name Aura --out @image",
            "capital letters",
        ),
        ("--binary @amd64 --tag a+b --out @image", "not a tag"),
        ("--binary @amd64 --created soon --out @image", "not a time"),
        ("--binary @amd64", "needs --out"),
        ("--out @image --tag 1", "--binary"),
        (
            "--binary @amd64 --format docker-archive --compression zstd --out @image",
            "leave the compression out",
        ),
        (
            "--platform linux/amd64=@amd64 --platform linux/arm64=@arm64 \
             --format docker-archive --out @image",
            "one platform",
        ),
    ] {
        let done = bench.generate(words).await;
        let shown = said(&done);
        assert_eq!(done.status.code(), Some(2), "{words}: {shown}");
        assert!(shown.contains(why), "{words}: {shown}");
        assert_eq!(bench.names(), before, "{words}");
    }
}

#[tokio::test]
async fn a_file_in_the_way_exits_with_1_and_stays_unchanged() {
    let bench = Bench::new();
    fs::create_dir(bench.path("image")).expect("a folder");
    bench.put("image/letter", "dear");
    bench.put("file", "dear");
    let before = tree(bench.0.path());
    for (words, why) in [
        ("--binary @amd64 --out @image", "letter"),
        ("--binary @amd64 --out @file", "is not a folder"),
        (
            "--binary @amd64 --format oci-archive --out @file",
            "was not made by",
        ),
        ("--binary @amd64 --out @none/image", "make that first"),
        ("--binary @amd64 --out /proc/image", "nothing was changed"),
    ] {
        let done = bench.generate(words).await;
        let shown = said(&done);
        assert_eq!(done.status.code(), Some(1), "{words}: {shown}");
        assert!(shown.contains(why), "{words}: {shown}");
        assert_eq!(tree(bench.0.path()), before, "{words}");
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_image_and_nothing_half_written() {
    let bench = Bench::new();
    bench.made("--binary @amd64 --out @image").await;
    let mut large = Elf::new(AMD64, &crates());
    // Bytes that do not compress, so that the layer is larger than what may be written.
    let mut state = 1u32;
    large.filling = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(300_000)
    .collect();
    bench.put("large", large.bytes());
    let before = tree(bench.0.path());
    // No file may grow beyond 64 KiB: what a full disk says, without filling one.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} generate oci --binary large --ca-bundle ca.pem --out image",
        env!("CARGO_BIN_EXE_aura")
    );
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &script])
        .current_dir(bench.0.path())
        .env_clear();
    let done = run(&mut shell).await;
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(
        said(&done).contains("nothing was changed"),
        "{}",
        said(&done)
    );
    assert_eq!(tree(bench.0.path()), before);
}
