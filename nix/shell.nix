# `nix develop`: what scripts/test needs, and what makes writing pleasant.
{ pkgs }:
let
  tools = import ./tools.nix { inherit pkgs; };
in
pkgs.mkShell {
  packages = tools [
    "cargo"
    "rustc"
    "clippy"
    "rustfmt"
    "cargo-nextest"
    "cargo-deny"
    "cargo-auditable"
    # The servers and programs that the tests start.
    "redis"
    "postgresql"
    "chromium"
    "chromedriver"
    "podman"
    "runc"
    "catatonit"
    "skopeo"
    "python3"
    "openssl"
    "curl"
    "jq"
    "util-linux"
    # Not for the tests.
    "rust-analyzer"
    "watchexec"
    "nixfmt-tree"
  ];
}
