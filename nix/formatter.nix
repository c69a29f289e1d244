# `nix fmt`: Rust as `cargo fmt` has it, Nix as nixfmt has it.
{ pkgs }:
let
  inherit (pkgs) lib;
  tools = import ./tools.nix { inherit pkgs; };
  nixfmt = tools [ "nixfmt-tree" ];
in
pkgs.writeShellScriptBin "aura-fmt" ''
  set -euo pipefail
  export PATH=${
    lib.makeBinPath (
      tools [
        "cargo"
        "rustfmt"
      ]
      ++ nixfmt
    )
  }:$PATH
  cargo fmt
  ${lib.optionalString (nixfmt != [ ]) ''treefmt "$@"''}
''
