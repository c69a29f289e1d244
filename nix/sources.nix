# What the compiler reads, and nothing else: an edit anywhere else builds no package anew.
# tests/it/nix.rs compares this with what the source includes.
{ lib }:
lib.fileset.toSource {
  root = ../.;
  fileset = lib.fileset.unions [
    ../Cargo.lock
    ../Cargo.toml
    # With the migrations and the Lua scripts, which lie beside the code that uses them.
    ../src
    ../crates
    # What Cargo.toml patches.
    ../vendor
    ../templates
    ../openapi
    # Pages that are rendered into themselves.
    ../docs/workflows
  ];
}
