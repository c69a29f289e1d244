//! The image of aura that tests run: the built one where `AURA_TESTS_IMAGE` names the folder that
//! `scripts/image` has filled, else one made of the binary under test.

use std::path::{Path, PathBuf};

use super::{Podman, RootFs, skipped};

/// Its name once it is in a podman: in full, as every runtime understands `aura:VERSION`.
pub(crate) const IMAGE: &str = concat!("docker.io/library/aura:", env!("CARGO_PKG_VERSION"));

/// The folder of the built image.
pub(crate) fn built_image() -> Option<PathBuf> {
    std::env::var_os("AURA_TESTS_IMAGE").map(PathBuf::from)
}

/// Puts the image into `podman`, and tries it out; `false`, said aloud, where no container can run.
///
/// # Panics
/// Where `AURA_TESTS_REQUIRE=1` asks for everything, and where the built image cannot be loaded.
pub(crate) async fn put_image(podman: &Podman) -> bool {
    let tried = match built_image() {
        Some(folder) => {
            let loaded = podman.load(&folder.join("aura.oci.tar")).await;
            loaded.unwrap_or_else(|error| panic!("the built image cannot be loaded: {error}"));
            podman.try_out(IMAGE).await
        }
        None => match make(podman).await {
            Ok(()) => podman.try_out(IMAGE).await,
            failed => failed,
        },
    };
    if let Err(reason) = &tried {
        skipped(&format!("podman cannot run containers here: {reason}"));
    }
    tried.is_ok()
}

/// An image of the binary under test, the libraries it is linked to, and the little else it needs.
async fn make(podman: &Podman) -> Result<(), String> {
    let root = RootFs::new();
    root.folder("var/lib/aura");
    root.file("etc/passwd", "aura:x:65532:65532::/var/lib/aura:/\n");
    root.program(Path::new(env!("CARGO_BIN_EXE_aura")), "aura")
        .await;
    let changes = [
        r#"ENTRYPOINT ["/aura"]"#,
        r#"CMD ["serve"]"#,
        "WORKDIR /var/lib/aura",
    ];
    podman.import(IMAGE, &root, &changes).await
}
