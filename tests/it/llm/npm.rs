//! OpenAI's own npm package, pointed at aura: in Node, and in a page of an allowed origin.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::sdk::script;
use super::{Upstream, before};
use crate::support::{Browser, Driver, Look, PATIENCE, Site, eventually, installed};

/// Folder in which `scripts/test` puts the package.
const PACKAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/target/tools/node/node_modules/openai"
);

/// The program, for Node and for a page.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/llm/sdk.mjs");

fn package() -> Option<PathBuf> {
    installed(&["index.mjs"], &[PathBuf::from(PACKAGE)])
}

#[tokio::test]
async fn a_program_that_uses_openai_s_npm_package_works_unchanged() {
    let (Some(node), Some(package)) = (installed(&["node"], &[]), package()) else {
        return;
    };
    let upstream = Upstream::start(script).await;
    let aura = before(&upstream).start().await;
    let access = aura.client().newcomer().await.access;
    let base = format!("http://{}/v1", aura.address());
    let run = format!(
        "const {{ default: OpenAI }} = await import({package:?});
         const {{ run }} = await import({PROGRAM:?});
         console.log(await run(OpenAI, {base:?}, {access:?}));"
    );
    let mut command = tokio::process::Command::new(node);
    command
        .args(["--input-type=module", "--eval", &run])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_mins(1), command.output()).await;
    let output = output.expect("it ends").expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", aura.log());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n", "{said}");
}

/// The page, the program, and the files of the package.
fn site(head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    match path.strip_prefix("/openai/") {
        Some(file) => read(&Path::new(PACKAGE).join(file)),
        None if path == "/sdk.mjs" => read(Path::new(PROGRAM)),
        None => "<!DOCTYPE html><html lang=\"en\"><title>sdk</title>\
                 <link rel=\"icon\" href=\"data:,\"><script type=\"module\">\
                 import OpenAI from '/openai/index.mjs';
                 import { run } from '/sdk.mjs';
                 Object.assign(window, { OpenAI, run });
                 document.title = 'ready';</script></html>"
            .to_owned(),
    }
}

async fn ready(browser: &Browser) {
    eventually(PATIENCE, "the package", async || {
        (browser.title().await.ok()? == "ready").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_uses_openai_s_package() {
    let (Some(driver), Some(_package)) = (Driver::start().await, package()) else {
        return;
    };
    let site = Site::start(site).await;
    let origin = format!("http://{}", site.address());
    let upstream = Upstream::start(script).await;
    let aura = before(&upstream)
        .set("SERVER_CORS_ALLOWED_ORIGINS", origin.as_str())
        .start()
        .await;
    let access = aura.client().newcomer().await.access;
    let browser = driver.browser(&Look::light()).await;
    browser.open(&origin).await;
    ready(&browser).await;
    let base = format!("http://{}/v1", aura.address());
    let run = format!(
        "const done = arguments[arguments.length - 1];
         run(OpenAI, {base:?}, {access:?}, {{ dangerouslyAllowBrowser: true, \
             organization: 'acme', project: 'harbours' }})
             .then(done, error => done(error.name + ': ' + error.message + ' ' + error.stack));"
    );
    let said = browser.execute_async(&run, Vec::new()).await;
    let said = said.unwrap_or_else(|error| panic!("{error}: {}", aura.log()));
    assert_eq!(said, "done", "{}", aura.log());
}
