//! The whole checklist, with the built image: everything is green, and the page that is kept with
//! the source says the same.

use super::dist;
use crate::support::said;
use crate::verify::{manifests, page, verify};

#[tokio::test]
async fn the_built_image_passes_the_checklist_as_the_page_tells_it() {
    let Some(dist) = dist() else { return };
    let image = dist.join("image").display().to_string();
    let (_folder, manifests) = manifests().await;
    let root = env!("CARGO_MANIFEST_DIR");
    let given = [
        "--checkout",
        root,
        "--image",
        &image,
        "--manifests",
        &manifests,
    ];
    let done = verify(&given).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(
        said(&done).contains(" 0 failed, 0 not looked at"),
        "{}",
        said(&done)
    );
    let done = verify(&[given.as_slice(), &["--markdown"]].concat()).await;
    let now = String::from_utf8(done.stdout).expect("UTF-8");
    assert_eq!(
        now,
        page(),
        "docs/contributing.md tells how the page is written"
    );
}
